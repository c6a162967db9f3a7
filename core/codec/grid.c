/* SPDX-License-Identifier: MIT */
#include "codec/grid.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/diag.h"
#include "base/le.h"
#include "codec/density_code.h"
#include "codec/grid_values.h"
#include "codec/spread.h"
#include "coder/coder_table.h"
#include "tensor/values.h"

enum {
	PARAMS_HEAD = 24,
	MAX_COMPONENTS = 2,
};

/* The types as params name them, from 1. */
static const enum dtype_id types[] = { DTYPE_F16, DTYPE_BF16, DTYPE_F32, DTYPE_F64 };

enum { N_TYPES = sizeof(types) / sizeof(types[0]) };

/* ---- parameters -------------------------------------------------------------------------------- */

static size_t put_params(const struct grid_map *m, const struct grid_part *part, uint8_t *out,
	size_t room)
{
	size_t len = PARAMS_HEAD + m->n_scales * part->width;

	if (len > room)
		return 0;
	memset(out, 0, PARAMS_HEAD);
	while (types[out[0]] != part->dtype)
		out[0]++;
	out[0]++;
	out[1] = m->cycle;
	out[2] = (uint8_t)m->n_components;
	le_put32(out + 4, (uint32_t)m->n_scales);
	le_put64(out + 8, m->run);
	le_put64(out + 16, m->skip);
	values_put(out + PARAMS_HEAD, m->scales, (unsigned)m->n_scales, part->dtype, false);
	return len;
}

static bool params_possible(const struct grid_map *m, uint32_t n)
{
	/* Each scale takes a table: more of them than this would be no gain, only work. */
	if (!m->n_components || m->n_components > MAX_COMPONENTS || !m->n_scales ||
		m->n_scales > n / 4 + 2 * m->n_components || m->n_scales > n)
		return false;
	if (m->cycle)
		return m->skip < m->n_scales;
	return m->run && m->run <= (uint64_t)1 << 52 && m->skip < m->run &&
		m->run % m->n_components == 0 && m->skip % m->n_components == 0 &&
		n % m->n_components == 0 &&
		m->n_scales == m->n_components * ((m->skip + n - 1) / m->run + 1);
}

static bool get_params(struct grid_map *m, struct grid_part *part, const uint8_t *in, uint32_t len)
{
	if (len < PARAMS_HEAD || !in[0] || in[0] > N_TYPES || in[1] > 1 || in[3])
		return false;
	part->dtype = types[in[0] - 1];
	*m = (struct grid_map){
		.cycle = in[1],
		.n_components = in[2],
		.n_scales = le_get32(in + 4),
		.run = le_get64(in + 8),
		.skip = le_get64(in + 16),
	};
	return part->width == dtype_get(part->dtype)->width_bytes &&
		params_possible(m, part->n) && len == PARAMS_HEAD + m->n_scales * part->width;
}

size_t grid_encode(const uint8_t *raw, const struct span *span,
	const struct bins_scratch *scratch, uint8_t *out, size_t room, uint32_t *params_len)
{
	const struct grid_map *m = span->grid;
	struct grid_part part = {
		.raw = (uint8_t *)(uintptr_t)raw,
		.width = dtype_get(span->dtype)->width_bytes,
		.dtype = span->dtype,
		.big_endian = span->big_endian,
	};
	size_t params, codes;

	part.n = span->len_bytes / part.width;
	if (!params_possible(m, part.n))
		return 0;
	params = put_params(m, &part, out, room);
	if (!params)
		return 0;
	*params_len = (uint32_t)params;
	codes = bins_encode(&part, m, scratch, out + params, room - params);
	return codes ? params + codes : 0;
}

/* ---- decoding ---------------------------------------------------------------------------------- */

static double scale_at(const struct grid_part *part, const uint8_t *scales, uint64_t no)
{
	double scale = 0;

	(void)values_get(&scale, scales + no * part->width, 1, part->dtype, false);
	return scale;
}

static int decode_segments(const struct grid_part *part, const struct grid_map *m,
	const uint8_t *scales, const struct density *d, struct range_decoder *in,
	struct alcm_diag *diag)
{
	for (uint64_t no = 0; no < m->n_scales; no++) {
		struct grid_segment s = grid_segment_of(m, no, part->n);
		double scale = scale_at(part, scales, no);
		uint8_t first[DENSITY_BUCKETS];
		struct density_table t;

		if (!s.count)
			continue;
		if (!(scale > 0) || !isfinite(scale) || !density_count_codes(d, scale, &t) ||
			!density_frequencies(d, scale, &t))
			return diag_set(diag, -EIO, 0, "impossible scale in a record");
		density_shortcuts(&t, first);
		for (uint32_t at = 0, n; at < s.count; at += n) {
			double x[GRID_BLOCK];

			n = s.count - at < GRID_BLOCK ? s.count - at : GRID_BLOCK;
			for (uint32_t i = 0; i < n; i++)
				x[i] = values_round(density_get_code(in, &t, first) * scale,
					part->dtype);
			grid_scatter(part, &s, at, n, x);
		}
	}
	return 0;
}

static int decode_density(const struct grid_part *part, const struct grid_map *m,
	const uint8_t *scales, const uint8_t *codes, uint32_t codes_len, struct alcm_diag *diag)
{
	struct range_decoder in;
	struct density density;
	size_t head = density_get(&density, codes, codes_len);
	int err;

	if (!head)
		return diag_set(diag, -EIO, 0, "impossible density in a record");
	range_decoder_init(&in, codes + head, codes_len - head);
	err = decode_segments(part, m, scales, &density, &in, diag);
	if (!err && !range_decoder_done(&in))
		return diag_set(diag, -EIO, 0, "density data of the wrong length");
	return err;
}

static bool get_scales(const struct grid_part *part, const uint8_t *bytes, uint64_t n,
	double *scales)
{
	(void)values_get(scales, bytes, (unsigned)n, part->dtype, false);
	for (uint64_t i = 0; i < n; i++) {
		if (!(scales[i] > 0) || !isfinite(scales[i]))
			return false;
	}
	return true;
}

int grid_decode(const uint8_t *params, uint32_t params_len, uint8_t coder, const uint8_t *codes,
	uint32_t codes_len, unsigned width, bool big_endian, const struct bins_scratch *scratch,
	uint8_t *raw, uint32_t n, struct alcm_diag *diag)
{
	struct grid_part part = {
		.raw = raw, .n = n / width, .width = width, .big_endian = big_endian
	};
	struct grid_map m;

	if (!get_params(&m, &part, params, params_len))
		return diag_set(diag, -EIO, 0, "impossible grid in a record");
	if (coder == CODER_DENSITY)
		return decode_density(&part, &m, params + PARAMS_HEAD, codes, codes_len, diag);
	if (!get_scales(&part, params + PARAMS_HEAD, m.n_scales, scratch->scales))
		return diag_set(diag, -EIO, 0, "impossible scale in a record");
	m.scales = scratch->scales;
	if (coder == CODER_BINS)
		return bins_decode(&part, &m, scratch, codes, codes_len, diag);
	if (m.cycle || m.n_scales != 1)
		return diag_set(diag, -EIO, 0, "a spread of several scales in a record");
	return spread_decode(&part, m.scales[0], codes, codes_len, diag);
}
