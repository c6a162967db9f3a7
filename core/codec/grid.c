/* SPDX-License-Identifier: MIT */
#include "codec/grid.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/diag.h"
#include "base/le.h"
#include "codec/density.h"
#include "coder/range.h"
#include "tensor/values.h"

enum {
	PARAMS_HEAD = 24,
	BLOCK = 256,   /* values converted at a time */
	RAW_BITS = 14, /* of an offset, coded at a time */
	MAX_COMPONENTS = 2,
};

/* The types as params name them, from 1. */
static const enum dtype_id types[] = { DTYPE_F16, DTYPE_BF16, DTYPE_F32, DTYPE_F64 };

enum { N_TYPES = sizeof(types) / sizeof(types[0]) };

/* Values of a part, wherever and however they lie. */
struct part {
	uint8_t *raw;
	uint32_t n; /* values */
	enum dtype_id dtype;
	unsigned width;
	bool big_endian;
};

/* ---- parameters -------------------------------------------------------------------------------- */

static size_t put_params(const struct grid_map *m, const struct part *part, uint8_t *out,
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

static bool get_params(struct grid_map *m, struct part *part, const uint8_t *in, uint32_t len)
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

/* ---- values of a segment ---------------------------------------------------------------------- */

/* Values [from, from + n) of the segment, n ≤ BLOCK. */
static void gather(const struct part *part, const struct grid_segment *s, uint32_t from,
	uint32_t n, double *out)
{
	const uint8_t *at = part->raw + (s->start + (size_t)from * s->stride) * part->width;
	uint8_t bytes[BLOCK * 8];

	if (s->stride != 1) {
		for (uint32_t i = 0; i < n; i++)
			memcpy(bytes + i * part->width, at + (size_t)i * s->stride * part->width,
				part->width);
		at = bytes;
	}
	(void)values_get(out, at, n, part->dtype, part->big_endian);
}

static void scatter(const struct part *part, const struct grid_segment *s, uint32_t from,
	uint32_t n, const double *in)
{
	uint8_t *at = part->raw + (s->start + (size_t)from * s->stride) * part->width;
	uint8_t bytes[BLOCK * 8];

	values_put(s->stride == 1 ? at : bytes, in, n, part->dtype, part->big_endian);
	if (s->stride == 1)
		return;
	for (uint32_t i = 0; i < n; i++)
		memcpy(at + (size_t)i * s->stride * part->width, bytes + i * part->width,
			part->width);
}

/* ---- encoding ---------------------------------------------------------------------------------- */

/* The codes of a block, with their signs; false when a value is on no grid. */
static bool codes_of(const double *x, uint32_t n, double scale, enum dtype_id dtype, double *k)
{
	uint32_t off_grid = 0;

	for (uint32_t i = 0; i < n; i++)
		k[i] = values_rint(x[i] / scale);
	if (dtype == DTYPE_F32) {
		for (uint32_t i = 0; i < n; i++)
			off_grid += (float)(k[i] * scale) != (float)x[i];
	} else {
		for (uint32_t i = 0; i < n; i++)
			off_grid += values_round(k[i] * scale, dtype) != x[i];
	}
	return !off_grid;
}

struct counts {
	double largest; /* |code · scale| */
	uint64_t symbols[DENSITY_SYMBOLS];
	double exposure[DENSITY_MAX_BINS];
};

static bool find_largest(const struct part *part, const struct grid_map *m, struct counts *c)
{
	for (uint64_t no = 0; no < m->n_scales; no++) {
		struct grid_segment s = grid_segment_of(m, no, part->n);

		for (uint32_t at = 0, n; at < s.count; at += n) {
			double x[BLOCK], k[BLOCK];

			n = s.count - at < BLOCK ? s.count - at : BLOCK;
			gather(part, &s, at, n, x);
			if (!codes_of(x, n, m->scales[no], part->dtype, k))
				return false;
			for (uint32_t i = 0; i < n; i++) {
				double v = fabs(k[i]) * m->scales[no];

				c->largest = v > c->largest ? v : c->largest;
			}
		}
	}
	return isfinite(c->largest);
}

static unsigned symbol_of(const struct density *d, double k, double scale)
{
	if (k == 0)
		return signbit(k) ? 1 : 0;
	return 2 + density_bin(d, density_key(fabs(k) * scale));
}

static bool count_symbols(const struct part *part, const struct grid_map *m,
	const struct density *d, struct counts *c)
{
	for (uint64_t no = 0; no < m->n_scales; no++) {
		struct grid_segment s = grid_segment_of(m, no, part->n);
		double scale = m->scales[no];
		struct density_table t;

		if (!density_count_codes(d, scale, &t))
			return false;
		for (unsigned b = 0; b < d->n_bins; b++)
			c->exposure[b] += (double)s.count * (t.below[b + 1] - t.below[b]) * scale;
		for (uint32_t at = 0, n; at < s.count; at += n) {
			double x[BLOCK], k[BLOCK];

			n = s.count - at < BLOCK ? s.count - at : BLOCK;
			gather(part, &s, at, n, x);
			(void)codes_of(x, n, scale, part->dtype, k);
			for (uint32_t i = 0; i < n; i++)
				c->symbols[symbol_of(d, k[i], scale)]++;
		}
	}
	return true;
}

/* One of `n` equally likely numbers, n ≤ 2^53: high bits as a symbol, the others as they are. */
static void encode_offset(struct range_encoder *e, uint64_t v, uint64_t n)
{
	unsigned low_bits = 0;

	while ((n - 1) >> low_bits >> RAW_BITS)
		low_bits++;
	if ((n - 1) >> low_bits)
		range_encode(e, (uint32_t)(v >> low_bits), 1, (uint32_t)((n - 1) >> low_bits) + 1);
	while (low_bits) {
		unsigned bits = low_bits < RAW_BITS ? low_bits : RAW_BITS;

		low_bits -= bits;
		range_encode(e, (uint32_t)(v >> low_bits & ((1u << bits) - 1)), 1, 1u << bits);
	}
}

static void encode_code(struct range_encoder *e, const struct density *d,
	const struct density_table *t, double k, double scale)
{
	unsigned symbol = symbol_of(d, k, scale), b = symbol - 2;

	range_encode(e, t->start[symbol], t->start[symbol + 1] - t->start[symbol], DENSITY_TOTAL);
	if (symbol < 2)
		return;

	uint64_t index = (uint64_t)(fabs(k) - t->below[b] - 1);
	uint64_t n = (uint64_t)(t->below[b + 1] - t->below[b]);

	encode_offset(e, 2 * index + (k < 0), 2 * n);
}

static bool encode_segments(const struct part *part, const struct grid_map *m,
	const struct density *d, struct range_encoder *e)
{
	for (uint64_t no = 0; no < m->n_scales; no++) {
		struct grid_segment s = grid_segment_of(m, no, part->n);
		double scale = m->scales[no];
		struct density_table t;

		if (!s.count)
			continue;
		if (!density_count_codes(d, scale, &t) || !density_frequencies(d, scale, &t))
			return false;
		for (uint32_t at = 0, n; at < s.count; at += n) {
			double x[BLOCK], k[BLOCK];

			n = s.count - at < BLOCK ? s.count - at : BLOCK;
			gather(part, &s, at, n, x);
			(void)codes_of(x, n, scale, part->dtype, k);
			for (uint32_t i = 0; i < n; i++)
				encode_code(e, d, &t, k[i], scale);
		}
	}
	return true;
}

/* Bins down from the largest magnitude. */
static void place_bins(double largest, struct density *d)
{
	d->top_key = density_key(largest > 0 ? largest : 1);
	d->n_bins = largest > 0 ? DENSITY_MAX_BINS : 0;
	if (d->n_bins > d->top_key + 1)
		d->n_bins = d->top_key + 1;
}

size_t grid_encode(const uint8_t *raw, const struct span *span, uint8_t *out, size_t room,
	uint32_t *params_len)
{
	const struct grid_map *m = span->grid;
	struct part part = {
		.raw = (uint8_t *)(uintptr_t)raw,
		.width = dtype_get(span->dtype)->width_bytes,
		.dtype = span->dtype,
		.big_endian = span->big_endian,
	};
	struct counts counts = { 0 };
	struct density density;
	struct range_encoder e;
	size_t head, len;

	part.n = span->len_bytes / part.width;
	if (!params_possible(m, part.n) || !find_largest(&part, m, &counts))
		return 0;
	place_bins(counts.largest, &density);
	if (!count_symbols(&part, m, &density, &counts))
		return 0;
	density_fit(&density, counts.symbols, counts.exposure, part.n);
	len = put_params(m, &part, out, room);
	head = len ? density_put(&density, out + len, room - len) : 0;
	if (!head)
		return 0;
	*params_len = (uint32_t)len;
	range_encoder_init(&e, out + len + head, room - len - head);
	if (!encode_segments(&part, m, &density, &e))
		return 0;

	size_t coded = range_finish(&e);

	return coded ? len + head + coded : 0;
}

/* ---- decoding ---------------------------------------------------------------------------------- */

static uint64_t decode_offset(struct range_decoder *in, uint64_t n)
{
	unsigned low_bits = 0;
	uint64_t v = 0;

	while ((n - 1) >> low_bits >> RAW_BITS)
		low_bits++;
	if ((n - 1) >> low_bits) {
		v = range_decode_at(in, (uint32_t)((n - 1) >> low_bits) + 1);
		range_decode_take(in, (uint32_t)v, 1);
	}
	while (low_bits) {
		unsigned bits = low_bits < RAW_BITS ? low_bits : RAW_BITS;
		uint32_t piece = range_decode_at(in, 1u << bits);

		range_decode_take(in, piece, 1);
		v = v << bits | piece;
		low_bits -= bits;
	}
	return v < n ? v : n - 1;
}

static double decode_code(struct range_decoder *in, const struct density_table *t,
	const uint8_t first[DENSITY_BUCKETS])
{
	unsigned symbol = density_symbol_at(t, first, range_decode_at(in, DENSITY_TOTAL));

	range_decode_take(in, t->start[symbol], t->start[symbol + 1] - t->start[symbol]);
	if (symbol < 2)
		return symbol ? -0.0 : 0.0;

	unsigned b = symbol - 2;
	uint64_t v = decode_offset(in, 2 * (uint64_t)(t->below[b + 1] - t->below[b]));
	double k = t->below[b] + 1 + (double)(v >> 1);

	return v & 1 ? -k : k;
}

static double scale_at(const struct part *part, const uint8_t *scales, uint64_t no)
{
	double scale = 0;

	(void)values_get(&scale, scales + no * part->width, 1, part->dtype, false);
	return scale;
}

static int decode_segments(const struct part *part, const struct grid_map *m,
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
			double x[BLOCK];

			n = s.count - at < BLOCK ? s.count - at : BLOCK;
			for (uint32_t i = 0; i < n; i++)
				x[i] = values_round(decode_code(in, &t, first) * scale,
					part->dtype);
			scatter(part, &s, at, n, x);
		}
	}
	return 0;
}

int grid_decode(const uint8_t *params, uint32_t params_len, const uint8_t *codes,
	uint32_t codes_len, unsigned width, bool big_endian, uint8_t *raw, uint32_t n,
	struct alcm_diag *diag)
{
	struct part part = { .raw = raw, .n = n / width, .width = width, .big_endian = big_endian };
	struct range_decoder in;
	struct density density;
	struct grid_map m;
	size_t head;
	int err;

	if (!get_params(&m, &part, params, params_len))
		return diag_set(diag, -EIO, 0, "impossible grid in a record");
	head = density_get(&density, codes, codes_len);
	if (!head)
		return diag_set(diag, -EIO, 0, "impossible density in a record");
	range_decoder_init(&in, codes + head, codes_len - head);
	err = decode_segments(&part, &m, params + PARAMS_HEAD, &density, &in, diag);
	if (!err && !range_decoder_done(&in))
		return diag_set(diag, -EIO, 0, "density data of the wrong length");
	return err;
}
