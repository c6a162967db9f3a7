/* SPDX-License-Identifier: MIT */
/*
 * A spread map fitted to a part: levels of rows and columns, each the mean of its |codes|
 * in half octaves. Rows are measured first, and columns relative to the mean of all. An
 * estimate then says whether the map saves more than its own size.
 */
#include <math.h>

#include "codec/bins_fit.h"

enum { LEAST_EXPONENT = -20 }; /* of 2^-10, in half octaves */

struct levels {
	struct spread_map *map;
	uint32_t n;
	const uint8_t *values;        /* symbols */
	double middles[BINS_SYMBOLS]; /* of |codes|, close enough to add up */
	int row_base, column_base;    /* exponents at level 0 */
	double mean;
	double sums[SPREAD_MAX_COLUMNS];
};

/* In half octaves. The small addend keeps the logarithm of zero finite. */
static int exponent_of(double mean)
{
	return (int)rint(2 * log2(mean + 0x1p-10));
}

/* Levels out of range are clamped; such values only cost more bits. */
static unsigned level_of(int exponent, int base)
{
	int level = exponent - base;

	return level < 0                ? 0
		: level > SPREAD_LEVELS - 1 ? SPREAD_LEVELS - 1
									: (unsigned)level;
}

/* The sum of a row's |codes|; adds them to the columns' sums too. Four partial sums
   shorten the chain of additions. */
static double add_row(struct levels *l, const struct spread_row *w)
{
	const uint8_t *values = l->values + w->at;
	double sums[4] = { 0 }, *columns = l->sums + w->column;

	for (uint32_t i = 0; i < w->count; i++) {
		double a = l->middles[values[i]];

		sums[i % 4] += a;
		columns[i] += a;
	}
	return sums[0] + sums[1] + (sums[2] + sums[3]);
}

/* The number of values in column j: the first and the last row may be cut. */
static uint32_t column_len(const struct spread_map *m, uint32_t n, uint32_t j)
{
	uint32_t end = m->row_skip + n;

	return (end > j ? (end - 1 - j) / m->row_len + 1 : 0) - (j < m->row_skip);
}

struct range {
	int least, most;
};

static void range_add(struct range *r, int e)
{
	r->least = e < r->least ? e : r->least;
	r->most = e > r->most ? e : r->most;
}

/* With too wide a range the low end is cut, as small values matter least. */
static int base_of(const struct range *r)
{
	return r->most - r->least < SPREAD_LEVELS ? r->least : r->most - SPREAD_LEVELS + 1;
}

/*
 * Fit the columns' levels and the base of the rows' levels. Each row's exponent is kept
 * in the place of its first class, so that no array of rows is needed. Returns the number
 * of classes.
 */
static unsigned fit_levels(struct levels *l, uint8_t *classes)
{
	struct range rows = { INT32_MAX, INT32_MIN }, columns = rows;
	struct spread_row w = { 0 };
	double total = 0;

	while (spread_next_row(l->map, l->n, &w)) {
		double sum = add_row(l, &w);
		int e = exponent_of(sum / w.count);

		classes[w.at] = (uint8_t)(e - LEAST_EXPONENT);
		range_add(&rows, e);
		total += sum;
	}
	l->mean = total / l->n;
	for (uint32_t j = 0; j < l->map->row_len; j++) {
		uint32_t n = column_len(l->map, l->n, j);
		int e = exponent_of(n ? l->sums[j] / n / (l->mean + 0x1p-10) : 1);

		l->sums[j] = e;
		range_add(&columns, e);
	}
	l->row_base = base_of(&rows);
	l->column_base = base_of(&columns);
	for (uint32_t j = 0; j < l->map->row_len; j++)
		l->map->columns[j] = (uint8_t)level_of((int)l->sums[j], l->column_base);
	return level_of(rows.most, l->row_base) + level_of(columns.most, l->column_base) + 1;
}

/* From the exponent that fit_levels() left there. */
static unsigned row_level(const struct levels *l, const uint8_t *classes,
	const struct spread_row *w)
{
	return level_of((int)classes[w->at] + LEAST_EXPONENT, l->row_base);
}

/* Bits per code when magnitudes have this mean and fall off exponentially. */
static double bits_with_mean(double mean)
{
	return (mean + 1) * log2(mean + 1) - (mean > 0 ? mean * log2(mean) : 0);
}

/* Whether the map is likely to save more than it costs: about 3 bits per row and column,
   and a table per class. */
static bool map_pays(const struct levels *l, unsigned n_classes, const uint8_t *classes)
{
	double with_map = 0, without = l->n * bits_with_mean(l->mean);
	uint32_t of_rows[SPREAD_LEVELS] = { 0 }, of_columns[SPREAD_LEVELS] = { 0 },
			 n_rows = 0;
	struct spread_row w = { 0 };

	for (; spread_next_row(l->map, l->n, &w); n_rows++)
		of_rows[row_level(l, classes, &w)] += w.count;
	for (uint32_t j = 0; j < l->map->row_len; j++)
		of_columns[l->map->columns[j]]++;
	for (unsigned r = 0; r < SPREAD_LEVELS; r++) {
		for (unsigned c = 0; c < SPREAD_LEVELS; c++) {
			int e = l->row_base + l->column_base + (int)(r + c);

			if (of_rows[r] && of_columns[c])
				with_map += (double)of_rows[r] * of_columns[c] / l->map->row_len *
					bits_with_mean(exp2(e / 2.0));
		}
	}
	with_map += 3.0 * (l->map->row_len + n_rows) + 16.0 * n_classes;
	return with_map < 0.99 * without;
}

/* Overwrites the exponents; each is read before its row is written. */
static void set_classes(const struct levels *l, uint8_t *classes)
{
	struct spread_row w = { 0 };

	while (spread_next_row(l->map, l->n, &w)) {
		unsigned row = row_level(l, classes, &w);
		const uint8_t *columns = l->map->columns + w.column;

		for (uint32_t i = 0; i < w.count; i++)
			classes[w.at + i] = (uint8_t)(row + columns[i]);
	}
}

bool bins_fit_map(struct bins_fit *f, const struct bins_symbol symbols[BINS_SYMBOLS],
	const uint8_t *values, uint8_t *classes)
{
	struct levels l = { .map = &f->map, .n = f->n, .values = values };

	for (unsigned s = 0; s < f->bins.n_symbols; s++)
		l.middles[s] = symbols[s].middle;
	f->bins.n_classes = fit_levels(&l, classes);
	f->bins.step = 1;
	if (f->bins.n_classes == 1 || !map_pays(&l, f->bins.n_classes, classes))
		return false;
	set_classes(&l, classes);
	bins_count(f, values, classes);
	return true;
}
