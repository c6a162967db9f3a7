/* SPDX-License-Identifier: MIT */
/*
 * Encoding of coder `bins`: values to symbols and raw bits, then symbols to words. Values
 * are split once, with shift 0. Only if a code is too large for that are they split again
 * with a shift, where all small codes share one symbol.
 *
 *   code   octave            eighth         symbol              raw bits
 *   0      –                 –              0 (1 for −0)        none
 *   −13    3: [8, 16)        5: [13, 14)    3 + 8 · 3 + 5       1, the sign
 *   100    6: [64, 128)      4: [96, 104)   3 + 8 · 6 + 4       100 − 96, then 0: 100 0
 *
 * Where the leading bits of a code are rare or common is what the frequencies express;
 * the bits behind them are close to random and are stored as they are. 64 bytes of them
 * cost nothing: they are the initial states of the symbols' coder, which decoding ends
 * with.
 */
#include <math.h>

#include "base/checked.h"
#include "base/le.h"
#include "base/simd.h"
#include "codec/bins_fit.h"
#include "coder/ans_kernels.h"
#include "coder/range.h"

/* ---- symbols and raw bits ---------------------------------------------------------- */

struct block {
	double codes[GRID_BLOCK];
	uint32_t symbols[GRID_BLOCK], n_bits[GRID_BLOCK];
	uint64_t raw[GRID_BLOCK]; /* bits below the leading ones, then the sign */
};

/* Split a block of codes into symbols and raw bits, with shift 0. False: a code is too
   large for that. The loop has no branches and uses 32 bits only, so it vectorises. */
SIMD_CLONES static bool split_codes(struct block *b, uint32_t n)
{
	uint32_t beyond = 0;

	for (uint32_t i = 0; i < n; i++)
		beyond |= !(fabs(b->codes[i]) < 0x1p31);
	if (beyond)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		int32_t code = (int32_t)b->codes[i];
		uint32_t a = (uint32_t)(code < 0 ? -code : code), sign, bits, is_zero, key;
		/* Without the eighth bit behind the leading one it isn't rounded up to the next
		   key. */
		float f = (float)(int32_t)(a & ~(a >> 8)), with_sign = (float)b->codes[i];
		int32_t low_bits;

		memcpy(&sign, &with_sign, sizeof(sign));
		memcpy(&bits, &f, sizeof(bits));
		sign >>= 31;
		is_zero = -(uint32_t)(a == 0);
		key = bits >> 20;
		low_bits = (int32_t)(key >> 3) - (127 + 3);
		low_bits = low_bits > 0 ? low_bits : 0;
		b->symbols[i] = ((key - (127 << 3) + BINS_FIRST_KEY) & ~is_zero) |
			(sign & is_zero);
		b->n_bits[i] = (uint32_t)(low_bits + 1) & ~is_zero;
		b->raw[i] = ((a & ((1u << low_bits) - 1)) << 1 | sign) & ~is_zero;
	}
	return true;
}

/* The same for any shift, a code at a time. */
static bool split_large_codes(struct block *b, uint32_t n, unsigned shift)
{
	for (uint32_t i = 0; i < n; i++) {
		double a = fabs(b->codes[i]);
		uint64_t code = (uint64_t)a, sign = signbit(b->codes[i]) != 0;
		unsigned key = density_key(a), least = (1023 + shift) << 3;
		unsigned low_bits = key < least ? shift : (key >> 3) - (1023 + 3);

		if (key >= least + 8 * BINS_OCTAVES)
			return false;
		b->symbols[i] = code == 0 ? (uint32_t)sign
			: key < least         ? 2
								  : key - least + BINS_FIRST_KEY;
		b->n_bits[i] = code ? low_bits + 1 : 0;
		b->raw[i] = code ? (code & (((uint64_t)1 << low_bits) - 1)) << 1 | sign : 0;
	}
	return true;
}

struct bit_writer {
	uint8_t *at, *end; /* eight bytes behind the end can be written */
	uint64_t waiting;
	unsigned n_waiting; /* below 8 between calls */
};

/* Writes eight bytes each time and advances by the whole ones: no branch per value. */
static inline void put_bits(struct bit_writer *w, uint64_t bits, unsigned n)
{
	w->waiting |= bits << w->n_waiting;
	w->n_waiting += n;
	le_put64(w->at, w->waiting);
	w->at += w->n_waiting / 8;
	w->waiting >>= w->n_waiting / 8 * 8;
	w->n_waiting %= 8;
}

static bool put_block(struct bit_writer *w, const struct block *b, uint32_t n,
	uint8_t *symbols)
{
	/* No value has more than 52 bits. */
	if ((size_t)(w->end - w->at) < 7 * (size_t)n)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		put_bits(w, b->raw[i], b->n_bits[i]);
		symbols[i] = (uint8_t)b->symbols[i];
	}
	return true;
}

enum split { SPLIT_FINE, SPLIT_TOO_LARGE, SPLIT_NEVER };

/* Split all values to scratch->symbols and scratch->bits; the latter has `*n_bytes`. */
static enum split split_values(const struct bins *b, const struct grid_part *part,
	const struct grid_map *m, const struct bins_scratch *s, size_t *n_bytes)
{
	struct bit_writer w = { .at = s->bits, .end = s->bits + s->bits_capacity };
	struct block block;

	for (uint32_t at = 0, n; at < part->n; at += n) {
		double x[GRID_BLOCK], scales[GRID_BLOCK];

		n = part->n - at < GRID_BLOCK ? part->n - at : GRID_BLOCK;
		grid_gather(part, at, n, x);
		bins_scales(b, m, at, n, scales, NULL);
		if (!grid_codes_of(x, n, scales, part->dtype, block.codes))
			return SPLIT_NEVER;
		if (b->shift && !split_large_codes(&block, n, b->shift))
			return SPLIT_NEVER;
		if (!b->shift && !split_codes(&block, n))
			return SPLIT_TOO_LARGE;
		if (!put_block(&w, &block, n, s->symbols + at))
			return SPLIT_NEVER;
	}
	*n_bytes = (size_t)(w.at - s->bits) + (w.n_waiting > 0);
	/* Short of raw bits, the states carry zeros. */
	memset(s->bits + *n_bytes, 0, BINS_FREE_BYTES);
	return SPLIT_FINE;
}

/* ---- writing ----------------------------------------------------------------------- */

struct output {
	uint8_t *at, *end;
};

/* Append n bytes if they fit. */
static bool put(struct output *o, const void *bytes, size_t n)
{
	if ((size_t)(o->end - o->at) < n)
		return false;
	memcpy(o->at, bytes, n);
	o->at += n;
	return true;
}

static bool put_head(struct output *o, const struct bins *b)
{
	uint8_t head[BINS_HEAD] = {
		[0] = b->has_map,
		[1] = (uint8_t)b->shift,
		[2] = (uint8_t)b->n_symbols,
		[3] = (uint8_t)b->n_classes,
		[4] = (uint8_t)b->density.n_bins,
	};

	le_put16(head + 5, (uint16_t)b->density.top_key);
	le_put16(head + 7, (uint16_t)b->top_scale);
	head[9] = (uint8_t)b->step;
	le_put32(head + 10, b->n_words);
	return put(o, head, sizeof(head)) &&
		put(o, b->zero_levels, 2 * (size_t)b->n_classes) &&
		put(o, b->density.levels, b->density.n_bins);
}

/* One level by the adaptive model, which decoding updates in the same way. */
static void put_level(struct range_encoder *e, struct spread_model *m, unsigned level)
{
	range_encode(e, spread_model_start(m, level), m->counts[level], m->total);
	spread_model_add(m, level);
}

/* Levels of columns, then of rows; a row's level is its first value's class less the
   column's. */
static bool put_map(struct output *o, const struct spread_map *m, const uint8_t *classes,
	uint32_t n)
{
	struct spread_row w = { 0 };
	struct spread_model model;
	struct range_encoder e;
	uint8_t *head = o->at;
	size_t len;

	if ((size_t)(o->end - o->at) < BINS_MAP_HEAD)
		return false;
	o->at += BINS_MAP_HEAD;
	range_encoder_init(&e, o->at, (size_t)(o->end - o->at));
	spread_model_init(&model);
	for (uint32_t j = 0; j < m->row_len; j++)
		put_level(&e, &model, m->columns[j]);
	spread_model_init(&model);
	while (spread_next_row(m, n, &w))
		put_level(&e, &model, classes[w.at] - (unsigned)m->columns[w.column]);
	len = range_finish(&e);
	le_put32(head, m->row_len);
	le_put32(head + 4, m->row_skip);
	le_put32(head + 8, (uint32_t)len);
	o->at += len;
	return len > 0;
}

/*
 * For each symbol of each class that occurs: its frequency, and the start of its range.
 */
static bool make_tables(const struct bins_fit *f, uint32_t *tables)
{
	struct bins_symbol symbols[BINS_SYMBOLS];

	bins_symbols(&f->bins, symbols);
	for (unsigned c = 0; c < f->bins.n_classes; c++) {
		uint32_t frequencies[BINS_SYMBOLS], start = 0, *table = tables + c * BINS_SYMBOLS;

		if (!f->in_class[c])
			continue;
		if (!bins_frequencies(&f->bins, symbols, c, frequencies))
			return false;
		for (unsigned s = 0; s < f->bins.n_symbols; start += frequencies[s++])
			table[s] = frequencies[s] | start << 16;
	}
	return true;
}

/*
 * States and words. The states start with the first raw bits, which cost nothing there.
 */
static bool put_words(struct output *o, struct bins_fit *f, const struct bins_scratch *s,
	uint32_t n)
{
	const uint8_t *classes = f->bins.n_classes > 1 ? bins_classes(s, n) : NULL;
	uint8_t *words = o->at + 4 * ANS_STATES;
	struct ans_encoding e = { .symbols = s->tables->symbols,
		.last = f->bins.n_symbols - 1,
		.n_states = ANS_STATES,
		.words = words,
		.end = o->end };

	if ((size_t)(o->end - o->at) < 4 * ANS_STATES)
		return false;
	for (unsigned i = 0; i < ANS_STATES; i++)
		e.states[i] = ANS_STATE_MIN | le_get16(s->bits + 2 * i);
	if (!ans_kernels()->encode(&e, classes, s->symbols, n))
		return false;
	for (unsigned i = 0; i < ANS_STATES; i++)
		le_put32(o->at + 4 * i, e.states[i]);
	ans_reverse_words(words, e.words);
	f->bins.n_words = (uint32_t)(e.words - words) / 2;
	o->at = e.words;
	return true;
}

size_t bins_encode(const struct grid_part *part, const struct grid_map *m,
	const struct bins_scratch *s, uint8_t *out, size_t capacity)
{
	struct output o = { out, out + capacity };
	struct bins_fit f = { .n = part->n };
	struct output head;
	size_t n_bytes = 0;
	enum split split = split_values(&f.bins, part, m, s, &n_bytes);

	if (split == SPLIT_TOO_LARGE) {
		f.bins.shift = BINS_MAX_SHIFT;
		split = split_values(&f.bins, part, m, s, &n_bytes);
	}
	if (split != SPLIT_FINE || !bins_fit(&f, m, s))
		return 0;
	head = o;
	if (!put_head(&o, &f.bins) ||
		(f.bins.has_map && !put_map(&o, &f.map, bins_classes(s, part->n), part->n)) ||
		!make_tables(&f, s->tables->symbols) || !put_words(&o, &f, s, part->n))
		return 0;
	(void)put_head(&head, &f.bins); /* again, since the number of words is known now */
	if (n_bytes > BINS_FREE_BYTES &&
		!put(&o, s->bits + BINS_FREE_BYTES, n_bytes - BINS_FREE_BYTES))
		return 0;
	return (size_t)(o.at - out);
}
