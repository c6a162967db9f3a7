/* SPDX-License-Identifier: MIT */
/*
 * Transform `grid`: parameters, then codes by coder bins. The parameters repeat what the
 * decoder needs of the grid: type, order and scales. A chunk's record is thus decoded
 * without the index.
 *
 * docs/format.md, section 3.3, has the layout. A chunk of float32 values of a matrix with
 * 1000 columns and a scale per row that begins at value 65 536 has run 1000, skip 536,
 * and the scales of rows 65, 66, … as far as the chunk goes.
 *
 * Encoding is tried where a grid is known, and gives up (0) if a value isn't exactly on
 * it, if the scales are too many, or if it takes more than `capacity`: then the planner
 * codes the values as any others. So a wrong grid costs time, never a value.
 */
#include "codec/grid.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/diag.h"
#include "base/le.h"
#include "tensor/values.h"

enum {
	PARAMS_HEAD = 24,
	MAX_COMPONENTS = 2,
};

/* ---- parameters -------------------------------------------------------------------- */

/* Scales are floats of the values' type, so that is how they are stored. */
static size_t put_params(const struct grid_map *m, const struct grid_part *part,
	uint8_t *out, size_t capacity)
{
	size_t len = PARAMS_HEAD + m->n_scales * part->width;

	if (len > capacity)
		return 0;
	memset(out, 0, PARAMS_HEAD);
	out[0] = dtype_get(part->dtype)->lossy_no;
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
	/* Each scale costs a table; more than this many gain nothing, and would let a small
	   record ask for much work. */
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

/* `part` has its width and n from the part table; the parameters must agree. */
static bool get_params(struct grid_map *m, struct grid_part *part, const uint8_t *in,
	uint32_t len)
{
	if (len < PARAMS_HEAD || in[1] > 1 || in[3])
		return false;
	part->dtype = dtype_by_lossy_no(in[0]);
	*m = (struct grid_map){
		.cycle = in[1],
		.n_components = in[2],
		.n_scales = le_get32(in + 4),
		.run = le_get64(in + 8),
		.skip = le_get64(in + 16),
	};
	return part->dtype != DTYPE_BYTES &&
		part->width == dtype_get(part->dtype)->width_bytes &&
		params_possible(m, part->n) && len == PARAMS_HEAD + m->n_scales * part->width;
}

/* `raw` is only read; struct grid_part serves decoding, too. */
size_t grid_encode(const uint8_t *raw, const struct span *span,
	const struct bins_scratch *scratch, uint8_t *out, size_t capacity,
	uint32_t *params_len)
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
	params = put_params(m, &part, out, capacity);
	if (!params)
		return 0;
	*params_len = (uint32_t)params;
	codes = bins_encode(&part, m, scratch, out + params, capacity - params);
	return codes ? params + codes : 0;
}

/* ---- decoding ---------------------------------------------------------------------- */

/* A scale of 0, NaN or infinity can't come from an encoder. */
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

int grid_decode(const uint8_t *params, uint32_t params_len, const uint8_t *codes,
	uint32_t codes_len, unsigned width, bool big_endian,
	const struct bins_scratch *scratch, uint8_t *raw, uint32_t n, struct alcm_diag *diag)
{
	struct grid_part part = {
		.raw = raw, .n = n / width, .width = width, .big_endian = big_endian
	};
	struct grid_map m;

	if (!get_params(&m, &part, params, params_len))
		return diag_set(diag, -EIO, 0, "impossible grid in a record");
	if (!get_scales(&part, params + PARAMS_HEAD, m.n_scales, scratch->scales))
		return diag_set(diag, -EIO, 0, "impossible scale in a record");
	m.scales = scratch->scales;
	return bins_decode(&part, &m, scratch, codes, codes_len, diag);
}
