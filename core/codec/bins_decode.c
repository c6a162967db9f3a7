/* SPDX-License-Identifier: MIT */
/*
 * Decoding of coder `bins`, in the order of the stored fields:
 *
 *   head, levels ──► map or scales: the class of each value
 *                        ──► frequencies of each class: tables
 *   states, words ──► symbols ┐
 *   raw bits ─────────────────┴──► codes × scales ──► values
 *
 * (docs/format.md, section 3.6.) All input is hostile. `take` never hands out more bytes
 * than there are, and symbols are below n_symbols because only they have slots in the
 * tables. Classes that occur have tables (`met`); those that don't are never looked up.
 *
 * Raw bits are limited by their memory (get_raw_bits()). Within a block of values they
 * may run past their end, into BINS_BITS_SLACK; that is noticed at the next block or at
 * the end, and the part fails.
 */
#include <errno.h>

#include "base/diag.h"
#include "base/le.h"
#include "base/simd.h"
#include "codec/bins_model.h"
#include "coder/ans_kernels.h"
#include "coder/range.h"

struct input {
	const uint8_t *at, *end;
};

/* The next n bytes of the input, or NULL when there are fewer. */
static const uint8_t *take(struct input *in, size_t n)
{
	const uint8_t *taken = in->at;

	if ((size_t)(in->end - in->at) < n)
		return NULL;
	in->at += n;
	return taken;
}

/* ---- what is in front of the words ------------------------------------------------- */

/* Checks each field against the limits that the arrays and shifts below rely on. */
static bool get_head(struct input *in, struct bins *b)
{
	const uint8_t *head = take(in, BINS_HEAD), *zeros, *bins;

	if (!head)
		return false;
	b->has_map = head[0];
	b->shift = head[1];
	b->n_symbols = head[2];
	b->n_classes = head[3];
	b->density.n_bins = head[4];
	b->density.top_key = le_get16(head + 5);
	b->top_scale = le_get16(head + 7);
	b->step = head[9];
	b->n_words = le_get32(head + 10);
	if (head[0] > 1 || b->shift > BINS_MAX_SHIFT || b->n_symbols < BINS_FIRST_KEY ||
		b->n_symbols > BINS_FIRST_KEY + 8 * BINS_OCTAVES || !b->n_classes ||
		b->n_classes > BINS_MAX_CLASSES || (b->has_map && b->top_scale) || !b->step ||
		b->step > 2 || b->density.top_key < BINS_LEAST_TOP_KEY ||
		b->density.top_key >= BINS_END_KEY ||
		!density_possible(b->density.top_key, b->density.n_bins))
		return false;
	zeros = take(in, 2 * (size_t)b->n_classes);
	bins = zeros ? take(in, b->density.n_bins) : NULL;
	if (!bins)
		return false;
	memcpy(b->zero_levels, zeros, 2 * (size_t)b->n_classes);
	density_set_levels(&b->density, bins);
	return true;
}

/* One level by the adaptive model, which the encoder updates in the same way. */
static unsigned get_level(struct range_decoder *in, struct spread_model *m)
{
	uint32_t at = range_decode_at(in, m->total), start = 0;
	unsigned level = 0;

	while (start + m->counts[level] <= at)
		start += m->counts[level++];
	range_decode_take(in, start, m->counts[level]);
	spread_model_add(m, level);
	return level;
}

/* The classes of n values by row and column; `*met` has a bit for each class that occurs.
   A class beyond n_classes would have no table, hence the check in each row. */
static bool get_map(struct input *in, unsigned n_classes, uint32_t n, uint8_t *classes,
	uint32_t *met)
{
	const uint8_t *head = take(in, BINS_MAP_HEAD);
	const uint8_t *coded = head ? take(in, le_get32(head + 8)) : NULL;
	struct spread_row w = { 0 };
	struct spread_model model;
	struct range_decoder range;
	struct spread_map m;
	uint32_t columns_met = 0;

	if (!coded)
		return false;
	m.row_len = le_get32(head);
	m.row_skip = le_get32(head + 4);
	if (!m.row_len || m.row_len > SPREAD_MAX_COLUMNS || m.row_skip >= m.row_len)
		return false;
	range_decoder_init(&range, coded, le_get32(head + 8));
	spread_model_init(&model);
	for (uint32_t j = 0; j < m.row_len; j++) {
		m.columns[j] = (uint8_t)get_level(&range, &model);
		columns_met |= 1u << m.columns[j];
	}
	spread_model_init(&model);
	while (spread_next_row(&m, n, &w)) {
		unsigned row = get_level(&range, &model);

		*met |= columns_met << row;
		if (*met >> n_classes)
			return false;
		for (uint32_t i = 0; i < w.count; i++)
			classes[w.at + i] = (uint8_t)(row + m.columns[w.column + i]);
	}
	return range_decoder_done(&range);
}

/* The classes of n values by their scales. */
static void get_classes(const struct bins *b, const struct grid_map *m, uint32_t n,
	uint8_t *classes, uint32_t *met)
{
	for (uint64_t i = 0; i < m->n_scales; i++)
		*met |= 1u << bins_class(b, m->scales[i]);
	for (uint32_t at = 0, count; at < n; at += count) {
		count = n - at < GRID_BLOCK ? n - at : GRID_BLOCK;
		bins_scales(b, m, at, count, NULL, classes + at);
	}
}

/* A slot is symbol, frequency and place within the symbol, in 8 + 12 + 12 bits. */
static void fill_slots(uint32_t *slots, const uint32_t frequencies[BINS_SYMBOLS],
	unsigned n_symbols)
{
	for (unsigned s = 0; s < n_symbols; s++) {
		uint32_t first = s | frequencies[s] << 8;

		for (uint32_t k = 0; k < frequencies[s]; k++)
			*slots++ = first | k << 20;
	}
}

/* Make tables of the classes that occur. False: a class has no possible symbol. */
static bool make_tables(const struct bins *b,
	const struct bins_symbol symbols[BINS_SYMBOLS], uint32_t met, uint32_t *slots)
{
	for (unsigned c = 0; c < b->n_classes; c++) {
		uint32_t frequencies[BINS_SYMBOLS];

		if (!(met >> c & 1))
			continue;
		if (!bins_frequencies(b, symbols, c, frequencies))
			return false;
		fill_slots(slots + (size_t)c * ANS_SLOTS, frequencies, b->n_symbols);
	}
	return true;
}

/* ---- symbols, then values ---------------------------------------------------------- */

/* Decode all symbols. The final states hold the first raw bits. */
static bool get_symbols(struct input *in, const struct bins *b,
	const struct bins_scratch *s, const uint8_t *classes, uint32_t n)
{
	const uint8_t *states = take(in, 4 * ANS_STATES);
	const uint8_t *words = states ? take(in, 2 * (size_t)b->n_words) : NULL;
	struct ans_decoding d = {
		.slots = s->tables->slots, .n_states = ANS_STATES, .words = words
	};
	struct ans_few few;

	if (!words)
		return false;
	d.words_end = in->at;
	if (b->n_classes == 1 && ans_few_make(d.slots, &few))
		d.few = &few;
	for (unsigned i = 0; i < ANS_STATES; i++)
		d.states[i] = le_get32(states + 4 * i);
	if (!ans_kernels()->decode(&d, b->n_classes > 1 ? classes : NULL, s->symbols, n) ||
		d.words != d.words_end)
		return false;
	for (unsigned i = 0; i < ANS_STATES; i++) {
		if (d.states[i] >> 16 != 1)
			return false;
		le_put16(s->bits + 2 * i, (uint16_t)d.states[i]);
	}
	return true;
}

/* By symbol: the number of raw bits, and the code that they are added to. */
struct raw_bits {
	uint8_t n_bits[BINS_SYMBOLS];
	uint64_t mask[BINS_SYMBOLS], base[BINS_SYMBOLS]; /* of 2 · |code| + sign */
};

static void set_raw_bits(const struct bins *b,
	const struct bins_symbol symbols[BINS_SYMBOLS], struct raw_bits *r)
{
	for (unsigned s = 0; s < b->n_symbols; s++) {
		r->n_bits[s] = (uint8_t)symbols[s].n_bits;
		r->mask[s] = ((uint64_t)1 << symbols[s].n_bits) - 1;
		r->base[s] = 2 * symbols[s].first;
	}
	r->base[1] = 1; /* −0 */
}

/* Append the other raw bits to those from the states. */
static bool get_raw_bits(const struct input *in, const struct bins_scratch *s,
	size_t *n_bytes)
{
	size_t left = (size_t)(in->end - in->at);

	if (left > s->bits_capacity - BINS_FREE_BYTES)
		return false;
	memcpy(s->bits + BINS_FREE_BYTES, in->at, left);
	*n_bytes = BINS_FREE_BYTES + left;
	return true;
}

/* x = code · scale, where a code is 2 · |code| + sign, below 2^54. The integer becomes a
   double by its bits, as the conversion of 64-bit integers doesn't vectorise. */
SIMD_CLONES static void scale_codes(const uint64_t *codes, const double *scales,
	uint32_t n, double *x)
{
	for (uint32_t i = 0; i < n; i++) {
		uint64_t v = codes[i] >> 1 | 0x4330000000000000; /* 2^52 + |code| */
		double k;

		memcpy(&k, &v, sizeof(k));
		k -= 0x1p52;
		memcpy(&v, &k, sizeof(v));
		v |= codes[i] << 63;
		memcpy(&k, &v, sizeof(k));
		x[i] = k * scales[i];
	}
}

/* Join symbols and raw bits to values. False: there are fewer or more raw bits than the
   symbols need. Reads beyond the end stay within BINS_BITS_SLACK. */
static bool join(const struct grid_part *part, const struct grid_map *m,
	const struct bins *b, const struct raw_bits *r, const struct bins_scratch *s,
	size_t n_bytes)
{
	uint64_t bit = 0;

	for (uint32_t at = 0, n; at < part->n; at += n) {
		double scales[GRID_BLOCK], x[GRID_BLOCK];
		uint64_t codes[GRID_BLOCK];

		n = part->n - at < GRID_BLOCK ? part->n - at : GRID_BLOCK;
		if (bit > 8 * (uint64_t)n_bytes)
			return false;
		bins_scales(b, m, at, n, scales, NULL);
		for (uint32_t i = 0; i < n; i++) {
			unsigned symbol = s->symbols[at + i];
			uint64_t bits = le_get64(s->bits + bit / 8) >> bit % 8;

			codes[i] = r->base[symbol] + (bits & r->mask[symbol]);
			bit += r->n_bits[symbol];
		}
		scale_codes(codes, scales, n, x);
		grid_scatter(part, at, n, x);
	}
	return (bit + 7) / 8 == n_bytes ||
		(bit <= 8 * BINS_FREE_BYTES && n_bytes == BINS_FREE_BYTES);
}

int bins_decode(const struct grid_part *part, const struct grid_map *m,
	const struct bins_scratch *s, const uint8_t *in_bytes, size_t len,
	struct alcm_diag *diag)
{
	struct input in = { in_bytes, in_bytes + len };
	uint8_t *classes = s->symbols + part->n;
	struct bins_symbol symbols[BINS_SYMBOLS];
	struct raw_bits raw;
	struct bins b = { 0 };
	uint32_t met = 0;
	size_t n_bytes;

	if (!get_head(&in, &b))
		return diag_set(diag, -EIO, 0, "impossible bins in a record");
	if (b.has_map && !get_map(&in, b.n_classes, part->n, classes, &met))
		return diag_set(diag, -EIO, 0, "impossible map of bins in a record");
	if (!b.has_map && b.n_classes > 1)
		get_classes(&b, m, part->n, classes, &met);
	if (b.n_classes == 1)
		met = 1;
	bins_symbols(&b, symbols);
	if (!make_tables(&b, symbols, met, s->tables->slots))
		return diag_set(diag, -EIO, 0, "impossible density in a record");
	set_raw_bits(&b, symbols, &raw);
	if (!get_symbols(&in, &b, s, classes, part->n) || !get_raw_bits(&in, s, &n_bytes) ||
		!join(part, m, &b, &raw, s, n_bytes))
		return diag_set(diag, -EIO, 0, "bins that do not decode");
	return 0;
}
