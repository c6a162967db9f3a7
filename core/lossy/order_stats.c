/* SPDX-License-Identifier: MIT */
/*
 * Exact order statistics by counting digits, from the highest digit down, as in a radix
 * sort that keeps only counts:
 *
 *   pass 1: counts of the first digit ──► the digit of each rank
 *   pass 2: counts of the second digit, among numbers with that first digit ──► …
 *
 * Ranks with the same leading digits share a table. Many values are zero, so ranks among
 * them are found in the first pass.
 *
 * An example with decimal digits, for rank 3 of 17, 42, 13, 48, 45:
 *
 *   pass 1   digit 1: 2 numbers, digit 4: 3     rank 3 is among the 4_, 2 are below
 *   pass 2   of these, 2: 1, 5: 1, 8: 1         2 + 1 ≤ 3 < 2 + 1 + 1, so it is 45
 *
 * Tables take 4 · 2^16 · 8 bytes = 2 MiB, whatever the number of values is; with few
 * numbers 64 KiB. Counting is exact, so the percentiles are NumPy's, bit for bit.
 */
#include "lossy/order_stats.h"

#include <string.h>

#include "base/alloc.h"
#include "base/simd.h"

enum {
	DIGIT_BITS = 16, /* of a digit: one per pass */
	/* with few numbers, or most of the time would go into tables */
	FEW_DIGIT_BITS = 11,
	FEW_NUMBERS = 1 << 17,
};

/* One search: the leading digits that are known of the number of a rank. */
struct search {
	uint64_t rank;
	uint64_t prefix; /* the known digits, in place; the others are 0 */
	uint64_t below;  /* count of numbers that are certainly smaller */
	/* count of numbers that are not larger than any with this prefix */
	uint64_t not_larger;
	/* number of its table; searches with the same prefix share one */
	unsigned counts;
	bool found;
};

struct order_stats {
	unsigned digit_bits, shift; /* of the digit being counted */
	uint64_t known;             /* mask of the digits before it */
	uint64_t n_zeros;           /* of the first pass */
	unsigned n, n_counts;
	struct search searches[ORDER_MAX_RANKS];
	uint64_t prefixes[ORDER_MAX_RANKS]; /* of each table */
	uint64_t counts[];                  /* ORDER_MAX_RANKS times 2^digit_bits */
};

static uint64_t *counts_of(struct order_stats *o, unsigned no)
{
	return o->counts + ((size_t)no << o->digit_bits);
}

static void add_counts(struct order_stats *o, uint64_t prefix)
{
	memset(counts_of(o, o->n_counts), 0, sizeof(uint64_t) << o->digit_bits);
	o->prefixes[o->n_counts++] = prefix;
}

/* Prepare one table for each prefix that an unfinished search has. */
static void prepare_counts(struct order_stats *o)
{
	o->n_counts = 0;
	for (unsigned i = 0; i < o->n; i++) {
		unsigned at = 0;

		if (o->searches[i].found)
			continue;
		while (at < o->n_counts && o->prefixes[at] != o->searches[i].prefix)
			at++;
		if (at == o->n_counts)
			add_counts(o, o->searches[i].prefix);
		o->searches[i].counts = at;
	}
}

struct order_stats *order_new(unsigned bits, uint64_t n_numbers)
{
	unsigned digit_bits = n_numbers <= FEW_NUMBERS && bits > FEW_DIGIT_BITS
		? FEW_DIGIT_BITS
		: DIGIT_BITS;
	struct order_stats *o = mem_alloc(sizeof(*o) +
		ORDER_MAX_RANKS * (sizeof(uint64_t) << digit_bits));

	if (!o)
		return NULL;
	*o = (struct order_stats){ .digit_bits = digit_bits, .shift = bits - digit_bits };
	add_counts(o, 0); /* for all numbers: no digit is known yet */
	return o;
}

void order_set_ranks(struct order_stats *o, const uint64_t *ranks, unsigned n)
{
	o->n = n;
	for (unsigned i = 0; i < n; i++)
		o->searches[i] = (struct search){ .rank = ranks[i] };
}

void order_free(struct order_stats *o)
{
	mem_free(o);
}

/* Count numbers by their next digit. Once digits are known, only those that begin with
   `prefix`. */
static void count_digits(const struct order_stats *o, uint64_t prefix,
	const uint64_t *numbers, uint32_t n, uint64_t *counts)
{
	const uint64_t known = o->known, low = ((uint64_t)1 << o->digit_bits) - 1;
	const unsigned shift = o->shift;

	for (uint32_t i = 0; i < n && !known; i++)
		counts[numbers[i] >> shift & low]++;
	for (uint32_t i = 0; i < n && known; i++)
		counts[numbers[i] >> shift & low] += (numbers[i] & known) == prefix;
}

SIMD_CLONES static uint64_t count_zeros(const uint64_t *numbers, uint32_t n)
{
	uint64_t count = 0;

	for (uint32_t i = 0; i < n; i++)
		count += numbers[i] == 0;
	return count;
}

void order_count(struct order_stats *o, const uint64_t *numbers, uint32_t n)
{
	for (unsigned c = 0; c < o->n_counts; c++)
		count_digits(o, o->prefixes[c], numbers, n, counts_of(o, c));
	if (!o->known)
		o->n_zeros += count_zeros(numbers, n);
}

/* A zero belongs to every table whose prefix is 0. */
void order_count_zeros(struct order_stats *o, uint64_t n)
{
	for (unsigned c = 0; c < o->n_counts; c++)
		if (!o->prefixes[c])
			counts_of(o, c)[0] += n;
	if (!o->known)
		o->n_zeros += n;
}

/* Find the digit in whose range the rank lies, and narrow the search to it. */
static void next_digit(struct order_stats *o, struct search *s)
{
	const uint64_t *counts = counts_of(o, s->counts);
	unsigned digit = 0, last = (1u << o->digit_bits) - 1;

	while (digit < last && s->below + counts[digit] <= s->rank)
		s->below += counts[digit++];
	s->not_larger = s->below + counts[digit];
	s->prefix |= (uint64_t)digit << o->shift;
	s->found = o->shift == 0;
}

void order_next(struct order_stats *o)
{
	for (unsigned i = 0; i < o->n; i++) {
		struct search *s = &o->searches[i];

		if (s->rank < o->n_zeros) {
			s->found = true;
			s->not_larger = o->n_zeros;
		} else if (!s->found) {
			next_digit(o, s);
		}
	}
	o->known |= (((uint64_t)1 << o->digit_bits) - 1) << o->shift;
	/* The last digit may overlap the one before; its known bits then are the same in all
	   numbers counted. */
	o->shift = o->shift > o->digit_bits ? o->shift - o->digit_bits : 0;
	prepare_counts(o);
}

bool order_done(const struct order_stats *o)
{
	return o->known && !o->n_counts;
}

uint64_t order_value(const struct order_stats *o, unsigned rank_no)
{
	return o->searches[rank_no].prefix;
}

uint64_t order_not_larger(const struct order_stats *o, unsigned rank_no)
{
	return o->searches[rank_no].not_larger;
}
