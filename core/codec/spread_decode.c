/* SPDX-License-Identifier: MIT */
/* Coder `spread`, the other way. */
#include <errno.h>
#include <string.h>

#include "base/diag.h"
#include "base/le.h"
#include "codec/density_code.h"
#include "codec/spread_map.h"
#include "tensor/values.h"

struct decoding {
	const struct grid_part *part;
	double scale;
	struct spread_map map;
	struct density density;
	const uint8_t *zero_levels;
	uint32_t columns_met; /* levels, as bits */
	uint32_t tables_made; /* classes, as bits */
	struct density_table tables[SPREAD_MAX_CLASSES];
	uint8_t first[SPREAD_MAX_CLASSES][DENSITY_BUCKETS];
};

static size_t get_head(struct decoding *d, const uint8_t *in, size_t len)
{
	unsigned n_bins = len < SPREAD_HEAD_BYTES ? 0 : in[2];
	size_t zeros = len < SPREAD_HEAD_BYTES ? 0 : 2 * (size_t)in[3];

	if (len < SPREAD_HEAD_BYTES + zeros + n_bins || !in[3] || in[3] > SPREAD_MAX_CLASSES)
		return 0;
	d->density.top_key = le_get16(in);
	d->density.n_bins = n_bins;
	d->map.n_classes = in[3];
	d->map.row_len = le_get32(in + 4);
	d->map.row_skip = le_get32(in + 8);
	if (!density_possible(d->density.top_key, n_bins) || !d->map.row_len ||
		d->map.row_len > SPREAD_MAX_COLUMNS || d->map.row_skip >= d->map.row_len)
		return 0;
	d->zero_levels = in + SPREAD_HEAD_BYTES;

	uint8_t levels[DENSITY_SYMBOLS] = { 0 };

	memcpy(levels + 2, d->zero_levels + zeros, n_bins);
	density_set_levels(&d->density, levels);
	return SPREAD_HEAD_BYTES + zeros + n_bins;
}

static unsigned decode_level(struct range_decoder *in, struct spread_model *m)
{
	uint32_t at = range_decode_at(in, m->total), start = 0;
	unsigned level = 0;

	while (start + m->counts[level] <= at)
		start += m->counts[level++];
	range_decode_take(in, start, m->counts[level]);
	spread_model_add(m, level);
	return level;
}

/* Tables of the classes that a row of this level has. False: there are none such. */
static bool make_tables(struct decoding *d, unsigned row)
{
	uint32_t missing = d->columns_met << row & ~d->tables_made;

	if (missing >> d->map.n_classes)
		return false;
	for (unsigned c = 0; missing >> c; c++) {
		if (!(missing >> c & 1))
			continue;
		if (!density_class_table(&d->density, d->zero_levels + 2 * (size_t)c,
			    spread_scale(d->scale, c), &d->tables[c]))
			return false;
		density_shortcuts(&d->tables[c], d->first[c]);
	}
	d->tables_made |= missing;
	return true;
}

static void decode_row(struct decoding *d, const struct spread_row *w, unsigned row,
	struct range_decoder *in)
{
	struct grid_segment all = { 0, 1, d->part->n };
	double x[GRID_BLOCK];

	for (uint32_t i = 0, n; i < w->count; i += n) {
		const uint8_t *columns = d->map.columns + w->column + i;

		n = spread_block(w->count - i);
		for (uint32_t j = 0; j < n; j++) {
			unsigned c = row + columns[j];

			double k = density_get_code(in, &d->tables[c], d->first[c]);

			x[j] = values_round(k * d->scale, d->part->dtype);
		}
		grid_scatter(d->part, &all, w->at + i, n, x);
	}
}

static bool decode(struct decoding *d, struct range_decoder *in)
{
	struct spread_model model;
	struct spread_row w = { 0 };

	spread_model_init(&model);
	for (uint32_t j = 0; j < d->map.row_len; j++) {
		d->map.columns[j] = (uint8_t)decode_level(in, &model);
		d->columns_met |= 1u << d->map.columns[j];
	}
	spread_model_init(&model);
	while (spread_next_row(&d->map, d->part->n, &w)) {
		unsigned row = decode_level(in, &model);

		if (!make_tables(d, row))
			return false;
		decode_row(d, &w, row, in);
	}
	return range_decoder_done(in);
}

int spread_decode(const struct grid_part *part, double scale, const uint8_t *in, size_t len,
	struct alcm_diag *diag)
{
	struct decoding d = { .part = part, .scale = scale };
	size_t head = get_head(&d, in, len);
	struct range_decoder range;

	if (!head)
		return diag_set(diag, -EIO, 0, "impossible spread in a record");
	range_decoder_init(&range, in + head, len - head);
	if (!decode(&d, &range))
		return diag_set(diag, -EIO, 0, "spread data that does not decode");
	return 0;
}
