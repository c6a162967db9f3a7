/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "base/le.h"
#include "coder/ans_map.h"

enum {
	TABLE_BITS = 24,   /* that a symbol takes in a table */
	PLANE_HEAD = 10,   /* bytes in front of a map's tables */
	MAX_DISTINCT = 64, /* symbols of a plane for which a map is tried */
};

struct counts {
	uint32_t of[256], total;
};

struct plan {
	struct ans_map map;
	unsigned first_symbol, last_symbol; /* of all that occur */
	unsigned n_tables;
	struct counts tables[ANS_MAX_CLASSES]; /* by class first, then by table */
	double table_bits[ANS_MAX_CLASSES];    /* of its symbols and itself */
	double bits;                           /* of everything */
	uint8_t rows[ANS_MAX_ROW / 2];         /* nibbles */
};

/* What one symbol of one table needs: x → x + bias + ⌊x / freq⌋ · (2^11 − freq). */
struct symbol {
	uint64_t limit, reciprocal; /* states from the limit on give a word away first */
	uint32_t bias, complement;
};

/* ---- choosing -------------------------------------------------------------------------------------- */

static double bits_of(const struct plan *p, const struct counts *c)
{
	double bits = c->total ? c->total * log2(c->total) + 8 : 0;

	for (unsigned s = p->first_symbol; s <= p->last_symbol; s++) {
		if (c->of[s])
			bits += TABLE_BITS - c->of[s] * log2(c->of[s]);
	}
	return bits;
}

static void count(const uint8_t *in, uint32_t n, struct counts *c)
{
	uint32_t of[4][256] = { { 0 } }, i = 0;

	for (; i + 4 <= n; i += 4) {
		for (unsigned k = 0; k < 4; k++)
			of[k][in[i + k]]++;
	}
	for (; i < n; i++)
		of[0][in[i]]++;
	for (unsigned s = 0; s < 256; s++)
		c->of[s] = of[0][s] + of[1][s] + of[2][s] + of[3][s];
	c->total = n;
}

struct sums {
	uint32_t columns[ANS_MAX_ROW]; /* sums */
	float column_means[ANS_MAX_ROW], rows[ANS_MAX_ROW];
	struct range {
		float least, most;
		double sum, square; /* of the means and their squares */
	} of_rows, of_columns;
};

/* How many values column j has: three at least, as rows_possible() sees to. */
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

/* Mean of each row, then of each column. */
static void add_up(const uint8_t *in, uint32_t n, const struct ans_map *m, struct sums *s)
{
	uint32_t n_rows = ans_n_rows(m, n), column = m->row_skip;

	memset(s->columns, 0, m->row_len * sizeof(s->columns[0]));
	s->of_rows = s->of_columns = (struct range){ .least = 256 };
	for (uint32_t r = 0, at = 0; r < n_rows; r++) {
		uint32_t len = m->row_len - column < n - at ? m->row_len - column : n - at;
		uint32_t sum = 0;

		for (uint32_t i = 0; i < len; i++)
			sum += in[at + i];
		for (uint32_t i = 0; i < len; i++)
			s->columns[column + i] += in[at + i];
		s->rows[r] = (float)sum / (float)len;
		range_add(&s->of_rows, s->rows[r]);
		at += len;
		column = 0;
	}
	for (uint32_t j = 0; j < m->row_len; j++) {
		s->column_means[j] = (float)s->columns[j] / (float)column_len(m, n, j);
		range_add(&s->of_columns, s->column_means[j]);
	}
}

/*
 * Whether means of `len` values each, `n` of them, differ by more than chance: values of variance v
 * alone would make theirs v / len. Differences that explain less than a fiftieth of v save too little.
 */
static bool means_differ(const struct range *r, uint32_t n, double len, double variance)
{
	double mean = r->sum / n, found = r->square / n - mean * mean, chance = variance / len;

	return found > 1.5 * chance && found - chance > variance / 50;
}

static double variance_of(const struct counts *c)
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

/* Levels of rows and columns, in steps of half a symbol if that suffices. False: all are much alike. */
static bool set_levels(const uint8_t *in, uint32_t n, const struct counts *all, struct plan *p)
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

static void count_classes(const uint8_t *in, uint32_t n, struct plan *p)
{
	uint8_t classes[ANS_WINDOW];

	for (unsigned c = 0; c < ANS_MAX_CLASSES; c++)
		p->map.table_of[c] = (uint8_t)c;
	memset(p->tables, 0, p->map.n_classes * sizeof(p->tables[0]));
	for (uint32_t i = 0, len; i < n; i += len) {
		len = n - i < ANS_WINDOW ? n - i : ANS_WINDOW;
		ans_tables_of(&p->map, p->rows, i, len, ans_row_tables_portable, classes);
		for (uint32_t k = 0; k < len; k++)
			p->tables[classes[k]].of[in[i + k]]++;
	}
	for (unsigned c = 0; c < p->map.n_classes; c++) {
		for (unsigned s = 0; s < 256; s++)
			p->tables[c].total += p->tables[c].of[s];
	}
}

/* a + b, and what bits its table costs more than one for each; less than 0 if it saves. */
static double merged(const struct plan *p, unsigned a, unsigned b, struct counts *both)
{
	for (unsigned s = p->first_symbol; s <= p->last_symbol; s++)
		both->of[s] = p->tables[a].of[s] + p->tables[b].of[s];
	both->total = p->tables[a].total + p->tables[b].total;
	return bits_of(p, both) - p->table_bits[a] - p->table_bits[b];
}

/* Merge tables of neighbouring classes while it saves, and until they are few enough. */
static void merge_tables(struct plan *p)
{
	double costs[ANS_MAX_CLASSES] = { 0 };
	struct counts both = { .total = 0 };

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

static bool rows_possible(const struct plan *p, uint32_t n)
{
	const struct ans_map *m = &p->map;

	return p->last_symbol - p->first_symbol < MAX_DISTINCT && m->row_len >= ANS_MIN_ROW &&
		m->row_len <= ANS_MAX_ROW && n / 4 >= m->row_len &&
		ans_n_rows(m, n) <= ANS_MAX_ROW;
}

/* One table, or a map and some. */
static void choose(const uint8_t *in, uint32_t n, uint32_t row_len, uint32_t row_skip,
	struct plan *p)
{
	struct counts all;
	double bits = 0, flat;

	count(in, n, &all);
	p->first_symbol = 0;
	p->last_symbol = 255;
	while (!all.of[p->first_symbol])
		p->first_symbol++;
	while (!all.of[p->last_symbol])
		p->last_symbol--;
	flat = bits_of(p, &all);
	p->map.row_len = row_len;
	p->map.row_skip = row_skip;
	if (rows_possible(p, n) && set_levels(in, n, &all, p)) {
		count_classes(in, n, p);
		merge_tables(p);
		for (unsigned t = 0; t < p->n_tables; t++)
			bits += p->table_bits[t];
		p->bits = bits + 8 * (PLANE_HEAD + p->map.n_classes) +
			4.0 * (row_len + ans_n_rows(&p->map, n));
		if (p->n_tables > 1 && p->bits < 0.995 * flat)
			return;
	}
	p->n_tables = 1;
	p->tables[0] = all;
	p->bits = flat;
}

/* ---- writing --------------------------------------------------------------------------------------- */

/* Counts to frequencies above 0 that add up to 2^11. */
static void normalise(struct counts *c)
{
	uint32_t used = 0;
	unsigned largest = 0;
	int64_t left;

	for (unsigned s = 0; s < 256; s++) {
		if (!c->of[s])
			continue;
		c->of[s] = (uint32_t)(((uint64_t)c->of[s] * ANS_SLOTS + c->total / 2) / c->total);
		c->of[s] += !c->of[s];
		used += c->of[s];
		largest = c->of[s] > c->of[largest] ? s : largest;
	}
	left = (int64_t)ANS_SLOTS - used;
	/* Rounding up many rare symbols can take more than the largest has to give. */
	while (left < 0 && c->of[largest] + left < 1) {
		for (unsigned s = 0; s < 256 && left < 0; s++) {
			if (c->of[s] > 1) {
				c->of[s]--;
				left++;
			}
		}
	}
	c->of[largest] = (uint32_t)(c->of[largest] + left);
}

static bool put(uint8_t **at, const uint8_t *end, const void *bytes, size_t n)
{
	if ((size_t)(end - *at) < n)
		return false;
	memcpy(*at, bytes, n);
	*at += n;
	return true;
}

static bool put_map(uint8_t **at, const uint8_t *end, const struct plan *p, uint32_t n)
{
	const struct ans_map *m = &p->map;
	uint8_t head[9], columns[ANS_MAX_ROW / 2] = { 0 };

	le_put32(head, m->row_len);
	le_put32(head + 4, m->row_skip);
	head[8] = (uint8_t)m->n_classes;
	for (uint32_t j = 0; j < m->row_len; j++)
		columns[j / 2] |= (uint8_t)(m->columns[j] << j % 2 * 4);
	return put(at, end, head, sizeof(head)) && put(at, end, m->table_of, m->n_classes) &&
		put(at, end, columns, (m->row_len + 1) / 2) &&
		put(at, end, p->rows, (ans_n_rows(m, n) + 1) / 2);
}

static bool put_table(uint8_t **at, const uint8_t *end, const struct counts *c)
{
	uint8_t bytes[1 + 3 * 256];
	unsigned n = 0;

	for (unsigned s = 0; s < 256; s++) {
		if (!c->of[s])
			continue;
		bytes[1 + 3 * n] = (uint8_t)s;
		le_put16(bytes + 2 + 3 * n++, (uint16_t)c->of[s]);
	}
	bytes[0] = (uint8_t)(n - 1);
	return put(at, end, bytes, 1 + 3 * (size_t)n);
}

static void make_symbols(const struct counts *c, struct symbol symbols[256])
{
	uint32_t start = 0;

	for (unsigned s = 0; s < 256; start += c->of[s++]) {
		uint32_t freq = c->of[s];

		if (!freq)
			continue;
		symbols[s] = (struct symbol){
			.limit = (uint64_t)freq << (32 - ANS_BITS),
			.complement = ANS_SLOTS - freq,
			.bias = start,
			.reciprocal = UINT64_MAX / freq + 1,
		};
		/* ⌈2^64 / 1⌉ is too large: one less gives x − 1 for ⌊x / 1⌋, which the bias mends. */
		if (freq == 1) {
			symbols[s].reciprocal = UINT64_MAX;
			symbols[s].bias = start + ANS_SLOTS - 1;
		}
	}
}

/* ⌊x · y / 2^64⌋ */
static inline uint32_t high_product(uint32_t x, uint64_t y)
{
#ifdef __SIZEOF_INT128__
	return (uint32_t)((unsigned __int128)x * y >> 64);
#else
	uint64_t low = (uint64_t)x * (uint32_t)y, high = (uint64_t)x * (y >> 32);

	return (uint32_t)((high + (low >> 32)) >> 32);
#endif
}

/*
 * The state behind a symbol; it gives its low word away first if it has grown too large. Whether it
 * does is like a coin's toss, so there is no branch: the word is written and perhaps not counted.
 */
static inline uint32_t code_symbol(const struct symbol *s, uint32_t x, uint8_t **word)
{
	uint32_t gives = x >= s->limit;

	le_put16(*word - 2, (uint16_t)x);
	*word -= 2 * gives;
	x >>= 16 * gives;
	return x + s->bias + high_product(x, s->reciprocal) * s->complement;
}

/* Values [0, n) of a window, backwards; words go below `word`. NULL: they don't fit. */
static uint8_t *code_window(const uint8_t *in, uint32_t n, const uint8_t *tables,
	const struct symbol *symbols, uint32_t states[ANS_STATES], uint8_t *word,
	const uint8_t *least)
{
	uint32_t whole = n - n % ANS_STATES;

	/* A group gives as many words at most; one more is written in vain. */
	if (word - least < 2 * ANS_STATES)
		return NULL;
	for (uint32_t i = n; i-- > whole;)
		states[i % ANS_STATES] =
			code_symbol(&symbols[(tables ? tables[i] * 256u : 0) + in[i]],
				states[i % ANS_STATES], &word);
	for (uint32_t i = whole; i; i -= ANS_STATES) {
		const uint8_t *group = in + i - ANS_STATES;

		if (word - least < 2 * (ANS_STATES + 1))
			return NULL;
		for (unsigned k = ANS_STATES; k-- > 0;) {
			uint32_t table = tables ? tables[i - ANS_STATES + k] * 256u : 0;

			states[k] = code_symbol(&symbols[table + group[k]], states[k], &word);
		}
	}
	return word;
}

/* All values, from the last; words end at `end`. Returns where they begin, NULL: no room. */
static uint8_t *code_all(const uint8_t *in, uint32_t n, const struct plan *p,
	const struct symbol *symbols, uint32_t states[ANS_STATES], uint8_t *end,
	const uint8_t *least)
{
	uint8_t tables[ANS_WINDOW], *word = end;
	uint32_t at = n - n % ANS_WINDOW;

	for (uint32_t len = n - at; word; len = ANS_WINDOW) {
		if (len && p->n_tables > 1)
			ans_tables_of(&p->map, p->rows, at, len, ans_row_tables_portable, tables);
		word = code_window(in + at, len, p->n_tables > 1 ? tables : NULL, symbols, states,
			word, least);
		if (!at)
			break;
		at -= ANS_WINDOW;
	}
	return word;
}

size_t ans_encode(const uint8_t *in, uint32_t n, uint32_t row_len, uint32_t row_skip,
	uint8_t *out, size_t room)
{
	struct symbol symbols[ANS_MAX_TABLES * 256];
	uint32_t states[ANS_STATES];
	uint8_t *at = out, *end = out + room, *word;
	struct plan p;

	choose(in, n, row_len, row_skip, &p);
	/* Of its 32 bits each state ends with up to 16 that carry symbols. */
	if (p.bits / 8 + 2 * ANS_STATES > (double)room || room < 1)
		return 0;
	*at++ = (uint8_t)p.n_tables;
	if (p.n_tables > 1 && !put_map(&at, end, &p, n))
		return 0;
	for (unsigned t = 0; t < p.n_tables; t++) {
		normalise(&p.tables[t]);
		make_symbols(&p.tables[t], symbols + t * 256);
		if (!put_table(&at, end, &p.tables[t]))
			return 0;
	}
	if ((size_t)(end - at) < 4 * ANS_STATES)
		return 0;
	for (unsigned i = 0; i < ANS_STATES; i++)
		states[i] = 1u << 16;
	word = code_all(in, n, &p, symbols, states, end, at + 4 * ANS_STATES);
	if (!word)
		return 0;
	for (unsigned i = 0; i < ANS_STATES; i++)
		le_put32(at + 4 * i, states[i]);
	at += 4 * ANS_STATES;
	memmove(at, word, (size_t)(end - word));
	return (size_t)(at - out) + (size_t)(end - word);
}
