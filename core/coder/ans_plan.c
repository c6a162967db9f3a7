/* SPDX-License-Identifier: MIT */
/*
 * How a plane is coded: with one table, or with a map of rows and columns.
 *
 *   means of rows and columns ──► levels ──► a class per value: row level + column level
 *       ──► counts per class ──► neighbouring classes merged while that saves bits
 *       ──► the map is kept if it saves more than it costs
 *
 * Costs are estimated from entropies, so nothing is encoded to decide.
 *
 * Planes of exponents are meant: where a row of a matrix has a larger scale, all of its
 * exponents are higher. A level is a shift of the mean by half a symbol or more. Row and
 * column levels add up as the logarithms of their scales do, so 16 + 16 levels need
 * only 31 classes. Classes next to each other are alike, which is why only neighbours are
 * merged.
 */
#include "coder/ans_plan.h"

#include <math.h>

#include "base/simd.h"
#include "coder/ans_kernels.h"

enum {
	SYMBOL_BITS = 24, /* bits of a symbol in a table */
	WIDE_SYMBOL_BITS = 11,
	MAX_DISTINCT = 64, /* a map is tried only with fewer symbols */
};

/* The bits of these values by their entropy, and of their table. */
static double bits_of(const struct ans_plan *p, const struct ans_counts *c)
{
	double bits = c->total ? c->total * log2(c->total) + 8 : 0;

	for (unsigned s = p->first_symbol; s <= p->last_symbol; s++) {
		if (c->of[s])
			bits += p->symbol_bits - c->of[s] * log2(c->of[s]);
	}
	return bits;
}

struct sums {
	uint32_t columns[ANS_MAX_ROW]; /* sums */
	float column_means[ANS_MAX_ROW], rows[ANS_MAX_ROW];
	struct range {
		float least, most;
		double sum, square; /* of the means and their squares */
	} of_rows, of_columns;
};

/* The number of values in column j; at least three, by rows_possible(). */
static uint32_t column_len(const struct ans_map *m, uint32_t n, uint32_t j)
{
	return (m->row_skip + n - 1 - j) / m->row_len + 1 - (j < m->row_skip);
}

static void range_add(struct range *r, float mean)
{
	r->least = mean < r->least ? mean : r->least;
	r->most = mean > r->most ? mean : r->most;
	r->sum += mean;
	r->square += (double)mean * mean;
}

/* Add each byte to its column's sum of 16 bits; returns the sum of all bytes. Narrow sums
   let twice as many fit a register, but they must be flushed in time. */
SIMD_CLONES static uint32_t add_row(const uint8_t *in, uint32_t n, uint16_t *columns)
{
	enum { PIECE = 256 };
	uint32_t sum = 0;

	for (uint32_t i = 0, end; i < n; i = end) {
		uint16_t piece = 0;

		end = n - i < PIECE ? n : i + PIECE;
		for (uint32_t k = i; k < end; k++) {
			columns[k] = (uint16_t)(columns[k] + in[k]);
			piece = (uint16_t)(piece + in[k]);
		}
		sum += piece;
	}
	return sum;
}

/* Called before 16 bits can overflow: every 257 rows of bytes up to 255. */
static void flush_columns(uint16_t *columns, uint32_t n, uint32_t *sums)
{
	for (uint32_t j = 0; j < n; j++)
		sums[j] += columns[j];
	memset(columns, 0, n * sizeof(*columns));
}

/* The mean of each row, then of each column. */
static void add_up(const uint8_t *in, uint32_t n, const struct ans_map *m, struct sums *s)
{
	enum { ROWS = UINT16_MAX / UINT8_MAX };
	uint32_t n_rows = ans_n_rows(m, n), column = m->row_skip;
	uint16_t columns[ANS_MAX_ROW];

	memset(columns, 0, m->row_len * sizeof(columns[0]));
	memset(s->columns, 0, m->row_len * sizeof(s->columns[0]));
	s->of_rows = s->of_columns = (struct range){ .least = 256 };
	for (uint32_t r = 0, at = 0; r < n_rows; r++) {
		uint32_t len = m->row_len - column < n - at ? m->row_len - column : n - at;
		uint32_t sum = add_row(in + at, len, columns + column);

		if (r % ROWS == ROWS - 1)
			flush_columns(columns, m->row_len, s->columns);
		s->rows[r] = (float)sum / (float)len;
		range_add(&s->of_rows, s->rows[r]);
		at += len;
		column = 0;
	}
	flush_columns(columns, m->row_len, s->columns);
	for (uint32_t j = 0; j < m->row_len; j++) {
		s->column_means[j] = (float)s->columns[j] / (float)column_len(m, n, j);
		range_add(&s->of_columns, s->column_means[j]);
	}
}

/*
 * Whether `n` means of `len` values each differ by more than chance. Values of variance v
 * alone would give the means a variance of v / len. Differences that explain less than a
 * fiftieth of v save too little.
 */
static bool means_differ(const struct range *r, uint32_t n, double len, double variance)
{
	double mean = r->sum / n, found = r->square / n - mean * mean,
		   chance = variance / len;

	return found > 1.5 * chance && found - chance > variance / 50;
}

static double variance_of(const struct ans_counts *c)
{
	double sum = 0, square = 0;

	for (unsigned s = 0; s < 256; s++) {
		sum += (double)s * c->of[s];
		square += (double)(s * s) * c->of[s];
	}
	return square / c->total - sum / c->total * (sum / c->total);
}

static unsigned level_of(double mean, double least, double step)
{
	double level = fmax(rint((mean - least) / step), 0);

	return level < ANS_LEVELS ? (unsigned)level : ANS_LEVELS - 1;
}

/* Set the levels of rows and columns, in steps of half a symbol if the range allows.
   False: all are much alike. */
static bool set_levels(const uint8_t *in, uint32_t n, const struct ans_counts *all,
	struct ans_plan *p)
{
	struct ans_map *m = &p->map;
	uint32_t n_rows = ans_n_rows(m, n);
	double variance = variance_of(all), step;
	struct sums s;

	add_up(in, n, m, &s);
	if (!means_differ(&s.of_rows, n_rows, m->row_len, variance))
		s.of_rows.least = s.of_rows.most = 256; /* level 0 for all */
	if (!means_differ(&s.of_columns, m->row_len, (double)n / m->row_len, variance))
		s.of_columns.least = s.of_columns.most = 256;
	step = fmax(s.of_rows.most - s.of_rows.least, s.of_columns.most - s.of_columns.least);
	if (step == 0)
		return false;
	step = fmax(0.5, step / (ANS_LEVELS - 1));
	memset(p->rows, 0, sizeof(p->rows));
	for (uint32_t r = 0; r < n_rows; r++)
		p->rows[r / 2] |= (uint8_t)(level_of(s.rows[r], s.of_rows.least, step)
			<< r % 2 * 4);
	for (uint32_t j = 0; j < m->row_len; j++)
		m->columns[j] = (uint8_t)level_of(s.column_means[j], s.of_columns.least, step);
	m->n_classes = level_of(s.of_rows.most, s.of_rows.least, step) +
		level_of(s.of_columns.most, s.of_columns.least, step) + 1;
	return true;
}

/* Count symbols by class. Even and odd values have counters of their own, since an
   increment waits for the last one of the same counter. */
static void count_classes(const uint8_t *in, uint32_t n, struct ans_plan *p)
{
	ans_row_tables *row_tables = ans_kernels()->row_tables;
	uint32_t more[ANS_MAX_CLASSES][256];
	uint8_t classes[ANS_WINDOW];

	for (unsigned c = 0; c < ANS_MAX_CLASSES; c++)
		p->map.table_of[c] = (uint8_t)c;
	memset(p->tables, 0, p->map.n_classes * sizeof(p->tables[0]));
	memset(more, 0, p->map.n_classes * sizeof(more[0]));
	for (uint32_t i = 0, len; i < n; i += len) {
		len = n - i < ANS_WINDOW ? n - i : ANS_WINDOW;
		ans_tables_of(&p->map, p->rows, i, len, row_tables, classes);
		for (uint32_t k = 0; k + 2 <= len; k += 2) {
			p->tables[classes[k]].of[in[i + k]]++;
			more[classes[k + 1]][in[i + k + 1]]++;
		}
		if (len % 2)
			more[classes[len - 1]][in[i + len - 1]]++;
	}
	for (unsigned c = 0; c < p->map.n_classes; c++) {
		for (unsigned s = 0; s < 256; s++) {
			p->tables[c].of[s] += more[c][s];
			p->tables[c].total += p->tables[c].of[s];
		}
	}
}

/* Sum of a and b; returns the bits that one table costs more than two, below 0 if it
   saves. The symbols never cost less in one table (entropy is concave), but the second
   table itself is saved. */
static double merged(const struct ans_plan *p, unsigned a, unsigned b,
	struct ans_counts *both)
{
	for (unsigned s = p->first_symbol; s <= p->last_symbol; s++)
		both->of[s] = p->tables[a].of[s] + p->tables[b].of[s];
	both->total = p->tables[a].total + p->tables[b].total;
	return bits_of(p, both) - p->table_bits[a] - p->table_bits[b];
}

/* Merge tables of neighbouring classes while it saves, and until there are few enough.
   Only the costs next to a merge change. */
static void merge_tables(struct ans_plan *p)
{
	double costs[ANS_MAX_CLASSES] = { 0 };
	struct ans_counts both = { .total = 0 };

	p->n_tables = p->map.n_classes;
	for (unsigned t = 0; t < p->n_tables; t++)
		p->table_bits[t] = bits_of(p, &p->tables[t]);
	for (unsigned t = 0; t + 1 < p->n_tables; t++)
		costs[t] = merged(p, t, t + 1, &both);
	while (p->n_tables > 1) {
		unsigned best = 0;

		for (unsigned t = 1; t + 1 < p->n_tables; t++)
			best = costs[t] < costs[best] ? t : best;
		if (costs[best] > 0 && p->n_tables <= ANS_MAX_TABLES)
			break;
		p->table_bits[best] += p->table_bits[best + 1] + merged(p, best, best + 1, &both);
		p->tables[best] = both;
		p->n_tables--;
		for (unsigned t = best + 1; t < p->n_tables; t++) {
			p->tables[t] = p->tables[t + 1];
			p->table_bits[t] = p->table_bits[t + 1];
			costs[t] = costs[t + 1];
		}
		for (unsigned c = 0; c < p->map.n_classes; c++)
			p->map.table_of[c] = (uint8_t)(p->map.table_of[c] -
				(p->map.table_of[c] > best));
		if (best)
			costs[best - 1] = merged(p, best - 1, best, &both);
		if (best + 1 < p->n_tables)
			costs[best] = merged(p, best, best + 1, &both);
	}
}

/* Within the limits of the format, and with enough values in each row and column. */
static bool rows_possible(const struct ans_plan *p, uint32_t n)
{
	const struct ans_map *m = &p->map;

	return p->last_symbol - p->first_symbol < MAX_DISTINCT && m->row_len >= ANS_MIN_ROW &&
		m->row_len <= ANS_MAX_ROW && n / 4 >= m->row_len &&
		ans_n_rows(m, n) <= ANS_MAX_ROW;
}

/* A map must save half a percent: several tables make decoding slower. */
void ans_plan_make(const struct ans_plane *plane, struct ans_plan *p)
{
	struct ans_counts all = { .total = 0 };
	double bits = 0, flat;

	p->symbol_bits = plane->n_states == ANS_STATES ? SYMBOL_BITS : WIDE_SYMBOL_BITS;
	for (unsigned s = 0; s < 256; s++)
		all.total += plane->counts[s];
	memcpy(all.of, plane->counts, sizeof(all.of));
	p->first_symbol = 0;
	p->last_symbol = 255;
	while (!all.of[p->first_symbol])
		p->first_symbol++;
	while (!all.of[p->last_symbol])
		p->last_symbol--;
	flat = bits_of(p, &all);
	p->map.row_len = plane->row_len;
	p->map.row_skip = plane->row_skip;
	if (rows_possible(p, plane->n) && set_levels(plane->bytes, plane->n, &all, p)) {
		count_classes(plane->bytes, plane->n, p);
		merge_tables(p);
		for (unsigned t = 0; t < p->n_tables; t++)
			bits += p->table_bits[t];
		p->bits = bits + 8 * (ANS_MAP_HEAD + p->map.n_classes) +
			4.0 * (plane->row_len + ans_n_rows(&p->map, plane->n));
		if (p->n_tables > 1 && p->bits < 0.995 * flat)
			return;
	}
	p->n_tables = 1;
	p->tables[0] = all;
	p->bits = flat;
}
