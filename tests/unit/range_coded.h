/* SPDX-License-Identifier: MIT */
/*
 * Bodies of coders `density` and `spread`, which are only decoded now: made here as docs/format.md, sections 3.4
 * and 3.5, says, with densities that need no fitting.
 */
#ifndef ALCM_TESTS_RANGE_CODED_H
#define ALCM_TESTS_RANGE_CODED_H

#include <math.h>
#include <string.h>

#include "base/le.h"
#include "codec/body.h"
#include "codec/density.h"
#include "codec/spread_map.h"
#include "coder/coder_table.h"
#include "coder/range.h"

/* One of n equally likely numbers: high bits as a symbol, the others 14 at a time. */
static inline void range_coded_offset(struct range_encoder *e, uint64_t v, uint64_t n)
{
	unsigned low_bits = 0;

	while ((n - 1) >> low_bits >> 14)
		low_bits++;
	if ((n - 1) >> low_bits)
		range_encode(e, (uint32_t)(v >> low_bits), 1, (uint32_t)((n - 1) >> low_bits) + 1);
	while (low_bits) {
		unsigned bits = low_bits < 14 ? low_bits : 14;

		low_bits -= bits;
		range_encode(e, (uint32_t)(v >> low_bits & ((1u << bits) - 1)), 1, 1u << bits);
	}
}

static inline void range_coded_code(struct range_encoder *e, const struct density *d,
	const struct density_table *t, double k, double scale)
{
	unsigned symbol = k == 0 ? signbit(k) != 0
				 : 2 + density_bin(d, density_key(fabs(k) * scale));
	unsigned b = symbol - 2;

	range_encode(e, t->start[symbol], t->start[symbol + 1] - t->start[symbol], DENSITY_TOTAL);
	if (symbol >= 2)
		range_coded_offset(e, 2 * (uint64_t)(fabs(k) - t->below[b] - 1) + (k < 0),
			2 * (uint64_t)(t->below[b + 1] - t->below[b]));
}

/* Bins down from the largest magnitude, the higher the rarer. */
static inline void range_coded_density(struct density *d, double largest)
{
	uint8_t levels[DENSITY_SYMBOLS];

	d->top_key = density_key(largest);
	d->n_bins = DENSITY_MAX_BINS;
	levels[0] = levels[1] = 100;
	for (unsigned b = 0; b < d->n_bins; b++)
		levels[2 + b] = (uint8_t)(140 - b);
	density_set_levels(d, levels);
}

/* Codes k in the order of their scales, `counts[no]` of each. The plane's length. */
static inline size_t range_coded_density_plane(const double *k, const double *scales,
	const uint32_t *counts, unsigned n_scales, double largest, uint8_t *out, size_t room)
{
	struct density d = { 0 };
	struct range_encoder e;
	size_t head;

	range_coded_density(&d, largest);
	le_put16(out, (uint16_t)d.top_key);
	out[2] = (uint8_t)d.n_bins;
	memcpy(out + 3, d.levels, 2 + d.n_bins);
	head = 5 + d.n_bins;
	range_encoder_init(&e, out + head, room - head);
	for (unsigned no = 0; no < n_scales; no++) {
		struct density_table t;

		if (!density_count_codes(&d, scales[no], &t) ||
			!density_frequencies(&d, scales[no], &t))
			return 0;
		for (uint32_t i = 0; i < counts[no]; i++)
			range_coded_code(&e, &d, &t, *k++, scales[no]);
	}
	return head + range_finish(&e);
}

static inline void range_coded_level(struct range_encoder *e, struct spread_model *m,
	unsigned level)
{
	range_encode(e, spread_model_start(m, level), m->counts[level], m->total);
	spread_model_add(m, level);
}

/* n codes in rows, whose levels, like the columns', are their numbers modulo 3. The plane's length. */
static inline size_t range_coded_spread_plane(const double *k, uint32_t n, double scale,
	uint32_t row_len, uint32_t row_skip, double largest, uint8_t *out, size_t room)
{
	enum { CLASSES = 5 };
	struct spread_map m = { .row_len = row_len, .row_skip = row_skip, .n_classes = CLASSES };
	struct spread_row w = { 0 };
	struct density_table tables[CLASSES];
	struct spread_model model;
	struct density d = { 0 };
	struct range_encoder e;
	size_t head = SPREAD_HEAD_BYTES;
	unsigned row = 0;

	range_coded_density(&d, largest);
	le_put16(out, (uint16_t)d.top_key);
	out[2] = (uint8_t)d.n_bins;
	out[3] = CLASSES;
	le_put32(out + 4, row_len);
	le_put32(out + 8, row_skip);
	for (unsigned c = 0; c < CLASSES; c++) {
		const uint8_t zeros[2] = { (uint8_t)(100 - c), (uint8_t)(90 + c) };

		memcpy(out + head, zeros, 2);
		head += 2;
		if (!density_class_table(&d, zeros, spread_scale(scale, c), &tables[c]))
			return 0;
	}
	memcpy(out + head, d.levels + 2, d.n_bins);
	head += d.n_bins;
	range_encoder_init(&e, out + head, room - head);
	spread_model_init(&model);
	for (uint32_t j = 0; j < row_len; j++)
		range_coded_level(&e, &model, j % 3);
	spread_model_init(&model);
	for (; spread_next_row(&m, n, &w); row++) {
		range_coded_level(&e, &model, row % 3);
		for (uint32_t i = 0; i < w.count; i++) {
			unsigned c = row % 3 + (w.column + i) % 3;

			range_coded_code(&e, &d, &tables[c], *k++, spread_scale(scale, c));
		}
	}
	return head + range_finish(&e);
}

/* A body of one part: the parameters of a grid of float32 (24 bytes and the scales), then a plane. */
static inline uint32_t range_coded_body(const uint8_t *params, uint32_t params_len, uint8_t coder,
	const uint8_t *plane, uint32_t plane_len, uint32_t raw_len, uint8_t *out)
{
	struct body body = { .n_parts = 1 };
	size_t at;

	body.parts[0] = (struct body_part){ .raw_len = raw_len,
		.transform = TRANSFORM_GRID,
		.elem_bytes = 4,
		.n_planes = 2,
		.planes = { { CODER_RAW, params_len }, { coder, plane_len } } };
	at = body_table_bytes(&body);
	body_put(out, &body);
	memcpy(out + at, params, params_len);
	memcpy(out + at + params_len, plane, plane_len);
	return (uint32_t)at + params_len + plane_len;
}

#endif
