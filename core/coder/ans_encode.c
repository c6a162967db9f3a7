/* SPDX-License-Identifier: MIT */
/*
 * Encoding of coder `ans`. Values are encoded from the last to the first, because
 * decoding runs forwards through a stack of words. Words are written in that order and
 * reversed at the end.
 *
 * States begin with 2^16, the least; the decoder ends there, which is its check. The
 * states at the end of encoding are stored, and the decoder begins with them. Value i
 * belongs to state i mod 32 (or 64), so neighbours don't wait for each other.
 *
 * An encoder that runs out of space returns 0, and the codec takes another coder.
 */
#include "base/le.h"
#include "coder/ans_kernels.h"
#include "coder/ans_plan.h"

/* Turn counts into frequencies that add up to 2^11. Every symbol that occurs keeps at
   least 1. */
static void normalise(struct ans_counts *c)
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
	/* Many rare symbols rounded up can exceed the total by more than the largest can give
	   back. 256 symbols have 2048 slots, so some have more than one to spare until the
	   sum is right, and the loop ends. */
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

/* Append n bytes if they fit. */
static bool put(uint8_t **at, const uint8_t *end, const void *bytes, size_t n)
{
	if ((size_t)(end - *at) < n)
		return false;
	memcpy(*at, bytes, n);
	*at += n;
	return true;
}

/* Levels are below 16, so two share a byte. */
static bool put_map(uint8_t **at, const uint8_t *end, const struct ans_plan *p,
	uint32_t n)
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

/* The number of symbols less one, then symbol and frequency of each. */
static bool put_table(uint8_t **at, const uint8_t *end, const struct ans_counts *c)
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

/* The wide form leaves out the symbols' numbers: most follow one another. */
static bool put_wide_table(uint8_t **at, const uint8_t *end, const struct ans_counts *c)
{
	uint8_t bytes[1 + 2 * 256], *to = bytes + 1;
	unsigned s = 0, left = ANS_SLOTS;

	while (!c->of[s])
		s++;
	bytes[0] = (uint8_t)s;
	while (left) {
		uint32_t freq = c->of[s++];

		left -= freq;
		*to++ = (uint8_t)(freq < 128 ? freq : freq | 128);
		if (freq >= 128) {
			*to++ = (uint8_t)(freq >> 7);
		} else if (!freq) {
			for (*to = 0; !c->of[s]; s++)
				++*to;
			to++;
		}
	}
	return put(at, end, bytes, (size_t)(to - bytes));
}

/* For each symbol its frequency, and the sum of those before it. */
static void make_symbols(const struct ans_counts *c, uint32_t symbols[256])
{
	uint32_t start = 0;

	for (unsigned s = 0; s < 256; start += c->of[s++])
		symbols[s] = c->of[s] | start << 16;
}

bool ans_encode_portable(struct ans_encoding *e, const uint8_t *tables, const uint8_t *in,
	uint32_t n)
{
	for (uint32_t i = n; i-- > 0;) {
		uint32_t symbol = e->symbols[(tables ? tables[i] * 256u : 0) + in[i]];
		uint32_t freq = symbol & 0xffff, *state = &e->states[i & (e->n_states - 1)];
		uint32_t x = *state, gives = x >> (32 - ANS_BITS) >= freq;

		if (e->end - e->words < 2)
			return false;
		/* Whether a word is given is as random as a coin toss, so a branch would be
		   mispredicted. */
		le_put16(e->words, (uint16_t)x);
		e->words += 2 * gives;
		x >>= 16 * gives;
		*state = x + (x / freq) * (ANS_SLOTS - freq) + (symbol >> 16);
	}
	return true;
}

/* Encode all values, from the last, in windows whose tables are looked up at a time. The
   windows are those of decoding, from the start of the plane, so only the last one is
   short; it comes first. */
static bool encode_all(struct ans_encoding *e, const struct ans_plane *plane,
	const struct ans_plan *p)
{
	const struct ans_kernels *k = ans_kernels();
	uint32_t at = plane->n - plane->n % ANS_WINDOW, len = plane->n - at;
	uint8_t tables[ANS_WINDOW];

	if (p->n_tables == 1)
		return k->encode(e, NULL, plane->bytes, plane->n);
	for (;; at -= ANS_WINDOW, len = ANS_WINDOW) {
		if (len) {
			ans_tables_of(&p->map, p->rows, at, len, k->row_tables, tables);
			if (!k->encode(e, tables, plane->bytes + at, len))
				return false;
		}
		if (!at)
			return true;
	}
}

/* Swap words from both ends, eight at a time while there are enough. */
void ans_reverse_words(uint8_t *from, uint8_t *end)
{
	enum { EIGHT = 8 * 2 };

	for (; end - from >= 2 * EIGHT; from += EIGHT, end -= EIGHT) {
		uint16_t front[8], back[8];

		for (unsigned k = 0; k < 8; k++) {
			front[k] = le_get16(from + 2 * k);
			back[k] = le_get16(end - 2 - 2 * k);
		}
		for (unsigned k = 0; k < 8; k++) {
			le_put16(from + 2 * k, back[k]);
			le_put16(end - 2 - 2 * k, front[k]);
		}
	}
	for (end -= 2; from < end; from += 2, end -= 2) {
		uint16_t a = le_get16(from), b = le_get16(end);

		le_put16(from, b);
		le_put16(end, a);
	}
}

size_t ans_encode(const struct ans_plane *plane, uint8_t *out, size_t capacity)
{
	uint32_t symbols[ANS_MAX_TABLES * 256] = { 0 };
	struct ans_encoding e = { .symbols = symbols, .n_states = plane->n_states };
	uint8_t *at = out, *end = out + capacity, *words;
	bool wide = plane->n_states == ANS_WIDE_STATES;
	struct ans_plan p;

	ans_plan_make(plane, &p);
	/* Of its 32 bits, each state ends with up to 16 that carry symbols. So this many
	   bytes are the least. */
	if (p.bits / 8 + 2 * plane->n_states > (double)capacity || capacity < 1)
		return 0;
	*at++ = (uint8_t)p.n_tables;
	if (p.n_tables > 1 && !put_map(&at, end, &p, plane->n))
		return 0;
	for (unsigned t = 0; t < p.n_tables; t++) {
		normalise(&p.tables[t]);
		make_symbols(&p.tables[t], symbols + t * 256);
		if (!(wide ? put_wide_table : put_table)(&at, end, &p.tables[t]))
			return 0;
	}
	if ((size_t)(end - at) < 4 * plane->n_states)
		return 0;
	words = at + 4 * plane->n_states;
	e.first = p.first_symbol;
	e.last = p.last_symbol;
	e.words = words;
	e.end = end;
	for (unsigned i = 0; i < plane->n_states; i++)
		e.states[i] = ANS_STATE_MIN;
	if (!encode_all(&e, plane, &p))
		return 0;
	for (unsigned i = 0; i < plane->n_states; i++)
		le_put32(at + 4 * i, e.states[i]);
	ans_reverse_words(words, e.words);
	return (size_t)(e.words - out);
}
