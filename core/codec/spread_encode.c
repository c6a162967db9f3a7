/* SPDX-License-Identifier: MIT */
/* Coder `spread`: finding a map and a density, and coding by them. */
#include <math.h>
#include <string.h>

#include "base/le.h"
#include "codec/density_code.h"
#include "codec/spread_map.h"

enum {
	KEYS = 640,    /* magnitudes of 80 octaves can be told apart while fitting */
	HEADROOM = 48, /* levels above the bins', for zeros: a factor of 64 */
};

/* ---- finding a map -------------------------------------------------------------------------------- */

struct fit {
	const struct grid_part *part;
	double scale;
	struct spread_map map;
	int row_base, column_base; /* exponents that level 0 stands for */
	double mean;
	double sums[SPREAD_MAX_COLUMNS];
	uint64_t in_class[SPREAD_MAX_CLASSES], zeros[SPREAD_MAX_CLASSES][2];
	uint32_t keys[KEYS];
	unsigned first_key; /* of keys[0] */
	struct density density;
	uint8_t zero_levels[SPREAD_MAX_CLASSES][2];
};

/* In half octaves. */
static int exponent_of(double mean)
{
	return (int)rint(2 * log2(mean + 0x1p-10));
}

static unsigned level_of(int exponent, int base)
{
	int level = exponent - base;

	return level < 0 ? 0 : level > SPREAD_LEVELS - 1 ? SPREAD_LEVELS - 1 : (unsigned)level;
}

/* The codes of a piece of a row, at most GRID_BLOCK of them. */
static bool codes_at(const struct fit *f, uint32_t at, uint32_t n, double *k)
{
	struct grid_segment all = { 0, 1, f->part->n };
	double x[GRID_BLOCK];

	grid_gather(f->part, &all, at, n, x);
	return grid_codes_of(x, n, f->scale, f->part->dtype, k);
}

/* The sum of a row's |codes|, added to the columns' too; -1: a value is on no grid. */
static double sum_row(struct fit *f, const struct spread_row *w, bool columns_too)
{
	double sum = 0, k[GRID_BLOCK];

	for (uint32_t i = 0, n; i < w->count; i += n) {
		n = spread_block(w->count - i);
		if (!codes_at(f, w->at + i, n, k))
			return -1;
		for (uint32_t j = 0; j < n; j++)
			sum += fabs(k[j]);
		for (uint32_t j = 0; j < n && columns_too; j++)
			f->sums[w->column + i + j] += fabs(k[j]);
	}
	return sum;
}

/* How many values column j has. */
static uint32_t column_len(const struct spread_map *m, uint32_t n, uint32_t j)
{
	uint32_t end = m->row_skip + n;

	return (end > j ? (end - 1 - j) / m->row_len + 1 : 0) - (j < m->row_skip);
}

/* Levels of the columns, and what exponent the rows' levels begin at. */
static bool fit_map(struct fit *f)
{
	int least = INT32_MAX, most = INT32_MIN, least_column = INT32_MAX, most_column = INT32_MIN;
	struct spread_row w = { 0 };
	double total = 0;

	while (spread_next_row(&f->map, f->part->n, &w)) {
		double sum = sum_row(f, &w, true);
		int e;

		if (sum < 0)
			return false;
		e = exponent_of(sum / w.count);
		total += sum;
		least = e < least ? e : least;
		most = e > most ? e : most;
	}
	f->mean = total / f->part->n;
	for (uint32_t j = 0; j < f->map.row_len; j++) {
		uint32_t n = column_len(&f->map, f->part->n, j);
		int e = exponent_of(n ? f->sums[j] / n / (f->mean + 0x1p-10) : 1);

		f->sums[j] = e;
		least_column = e < least_column ? e : least_column;
		most_column = e > most_column ? e : most_column;
	}
	f->row_base = most - least < SPREAD_LEVELS ? least : most - SPREAD_LEVELS + 1;
	f->column_base = most_column - least_column < SPREAD_LEVELS
		? least_column
		: most_column - SPREAD_LEVELS + 1;
	for (uint32_t j = 0; j < f->map.row_len; j++)
		f->map.columns[j] = (uint8_t)level_of((int)f->sums[j], f->column_base);
	f->map.n_classes = level_of(most, f->row_base) + level_of(most_column, f->column_base) + 1;
	return true;
}

static unsigned row_level(struct fit *f, const struct spread_row *w)
{
	return level_of(exponent_of(sum_row(f, w, false) / w->count), f->row_base);
}

/* Bits a code takes whose magnitudes have this mean, if they fall off exponentially. */
static double bits_with_mean(double mean)
{
	return (mean + 1) * log2(mean + 1) - (mean > 0 ? mean * log2(mean) : 0);
}

/* Count the values of each class; true when the map should save more than it takes. */
static bool map_pays(struct fit *f)
{
	double with_map = 0, without = f->part->n * bits_with_mean(f->mean);
	struct spread_row w = { 0 };
	uint32_t n_levels = f->map.row_len;

	while (spread_next_row(&f->map, f->part->n, &w)) {
		unsigned row = row_level(f, &w);

		for (uint32_t i = 0; i < w.count; i++)
			f->in_class[row + f->map.columns[w.column + i]]++;
		n_levels++;
	}
	for (unsigned c = 0; c < f->map.n_classes; c++)
		with_map += (double)f->in_class[c] *
			bits_with_mean(exp2((f->row_base + f->column_base + (int)c) / 2.0));
	with_map += 3.0 * n_levels + 16.0 * f->map.n_classes;
	return with_map < 0.99 * without;
}

/* ---- fitting the density ---------------------------------------------------------------------------- */

/* Count zeros per class, and the keys of the other values, divided by their class's spread. */
static bool count_keys(struct fit *f)
{
	double scales[SPREAD_MAX_CLASSES], k[GRID_BLOCK];
	struct spread_row w = { 0 };

	for (unsigned c = 0; c < f->map.n_classes; c++)
		scales[c] = spread_scale(f->scale, c);
	f->first_key = density_key(scales[f->map.n_classes - 1]);
	while (spread_next_row(&f->map, f->part->n, &w)) {
		unsigned row = row_level(f, &w);

		for (uint32_t i = 0, n; i < w.count; i += n) {
			const uint8_t *columns = f->map.columns + w.column + i;

			n = spread_block(w.count - i);
			(void)codes_at(f, w.at + i, n, k);
			for (uint32_t j = 0; j < n; j++) {
				unsigned c = row + columns[j];
				unsigned key = density_key(fabs(k[j]) * scales[c]) - f->first_key;

				if (k[j] == 0)
					f->zeros[c][signbit(k[j]) != 0]++;
				else if (key < KEYS)
					f->keys[key]++;
				else
					return false;
			}
		}
	}
	return true;
}

static bool place_bins(struct fit *f)
{
	unsigned top = KEYS, low = 0;

	while (top && !f->keys[top - 1])
		top--;
	while (low < top && !f->keys[low])
		low++;
	f->density.top_key = f->first_key + (top ? top - 1 : 0);
	f->density.n_bins = top - low < DENSITY_MAX_BINS ? top - low : DENSITY_MAX_BINS;
	return density_possible(f->density.top_key, f->density.n_bins);
}

/* The level that gives zero the share p of a class whose bins weigh `bins` together. */
static uint8_t zero_level(uint64_t n_zeros, uint64_t n_others, double bins, double unit)
{
	double level = 255;

	if (!n_zeros)
		return 0;
	if (n_others && bins > 0)
		level = rint(8 * log2((double)n_zeros / (double)n_others * bins / unit));
	return (uint8_t)fmin(fmax(level, 1), 255);
}

static bool fit_density(struct fit *f)
{
	uint64_t symbols[DENSITY_SYMBOLS] = { 0 };
	double exposure[DENSITY_MAX_BINS] = { 0 }, extents[SPREAD_MAX_CLASSES][DENSITY_MAX_BINS];
	struct density *d = &f->density;

	for (unsigned key = 0; key < KEYS; key++) {
		if (f->keys[key])
			symbols[2 + density_bin(d, f->first_key + key)] += f->keys[key];
	}
	for (unsigned c = 0; c < f->map.n_classes; c++) {
		double scale = spread_scale(f->scale, c);
		struct density_table t;

		if (!density_count_codes(d, scale, &t))
			return false;
		for (unsigned b = 0; b < d->n_bins; b++) {
			extents[c][b] = (t.below[b + 1] - t.below[b]) * scale;
			exposure[b] += (double)f->in_class[c] * extents[c][b];
		}
	}
	density_fit(d, symbols, exposure, f->part->n);
	for (unsigned b = 0; b < d->n_bins; b++)
		d->levels[2 + b] = d->levels[2 + b] > HEADROOM ? d->levels[2 + b] - HEADROOM
							       : d->levels[2 + b] > 0;
	density_set_levels(d, d->levels);
	for (unsigned c = 0; c < f->map.n_classes; c++) {
		uint64_t others = f->in_class[c] - f->zeros[c][0] - f->zeros[c][1];
		double bins = 0;

		for (unsigned b = 0; b < d->n_bins; b++)
			bins += d->values[2 + b] * extents[c][b];
		for (unsigned sign = 0; sign < 2; sign++)
			f->zero_levels[c][sign] = zero_level(f->zeros[c][sign], others, bins,
				density_unit(d));
	}
	return true;
}

/* ---- encoding ----------------------------------------------------------------------------------------- */

static size_t put_head(const struct fit *f, uint8_t *out, size_t room)
{
	const struct density *d = &f->density;
	size_t zeros = 2 * (size_t)f->map.n_classes;

	if (room < SPREAD_HEAD_BYTES + zeros + d->n_bins)
		return 0;
	le_put16(out, (uint16_t)d->top_key);
	out[2] = (uint8_t)d->n_bins;
	out[3] = (uint8_t)f->map.n_classes;
	le_put32(out + 4, f->map.row_len);
	le_put32(out + 8, f->map.row_skip);
	memcpy(out + SPREAD_HEAD_BYTES, f->zero_levels, zeros);
	memcpy(out + SPREAD_HEAD_BYTES + zeros, d->levels + 2, d->n_bins);
	return SPREAD_HEAD_BYTES + zeros + d->n_bins;
}

static void encode_level(struct range_encoder *e, struct spread_model *m, unsigned level)
{
	range_encode(e, spread_model_start(m, level), m->counts[level], m->total);
	spread_model_add(m, level);
}

static void encode_row(struct fit *f, const struct spread_row *w, unsigned row,
	const struct density_table *tables, struct range_encoder *e)
{
	double k[GRID_BLOCK];

	for (uint32_t i = 0, n; i < w->count; i += n) {
		n = spread_block(w->count - i);
		(void)codes_at(f, w->at + i, n, k);
		for (uint32_t j = 0; j < n; j++) {
			unsigned c = row + f->map.columns[w->column + i + j];

			density_put_code(e, &f->density, &tables[c], k[j],
				spread_scale(f->scale, c));
		}
	}
}

static size_t encode(struct fit *f, uint8_t *out, size_t room)
{
	struct density_table tables[SPREAD_MAX_CLASSES];
	struct spread_model model;
	struct range_encoder e;
	struct spread_row w = { 0 };
	size_t head = put_head(f, out, room);

	if (!head)
		return 0;
	for (unsigned c = 0; c < f->map.n_classes; c++) {
		if (f->in_class[c] &&
			!density_class_table(&f->density, f->zero_levels[c],
				spread_scale(f->scale, c), &tables[c]))
			return 0;
	}
	range_encoder_init(&e, out + head, room - head);
	spread_model_init(&model);
	for (uint32_t j = 0; j < f->map.row_len; j++)
		encode_level(&e, &model, f->map.columns[j]);
	spread_model_init(&model);
	while (spread_next_row(&f->map, f->part->n, &w)) {
		unsigned row = row_level(f, &w);

		encode_level(&e, &model, row);
		encode_row(f, &w, row, tables, &e);
	}

	size_t coded = range_finish(&e);

	return coded ? head + coded : 0;
}

size_t spread_encode(const struct grid_part *part, double scale, uint32_t row_len,
	uint32_t row_skip, uint8_t *out, size_t room)
{
	struct fit f = { .part = part, .scale = scale };

	if (row_len < SPREAD_MIN_COLUMNS || row_len > SPREAD_MAX_COLUMNS || row_len > part->n)
		return 0;
	f.map.row_len = row_len;
	f.map.row_skip = row_skip;
	if (!fit_map(&f) || !map_pays(&f) || !count_keys(&f) || !place_bins(&f) ||
		!fit_density(&f))
		return 0;
	return encode(&f, out, room);
}
