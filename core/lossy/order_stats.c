/* SPDX-License-Identifier: MIT */
#include "lossy/order_stats.h"

#include <string.h>

#include "base/alloc.h"

enum { DIGIT_BITS = 16, N_DIGITS = 1 << DIGIT_BITS };

/* What is known of the number of one rank: its leading digits. */
struct search {
	uint64_t rank;
	uint64_t prefix;     /* the digits, in place; the others are 0 */
	uint64_t below;      /* numbers that are smaller for sure */
	uint64_t not_larger; /* than any number with this prefix */
	unsigned counts;     /* which counts are its own; searches with the same prefix share */
};

struct order_stats {
	unsigned shift; /* of the digit that is counted now */
	uint64_t known; /* mask of the digits before it */
	unsigned n, n_counts;
	struct search searches[ORDER_MAX_RANKS];
	uint64_t prefixes[ORDER_MAX_RANKS]; /* of each counts */
	uint64_t counts[ORDER_MAX_RANKS][N_DIGITS];
};

unsigned order_passes(unsigned bits)
{
	return bits / DIGIT_BITS;
}

/* One table of counts for each prefix that some search has. */
static void prepare_counts(struct order_stats *o)
{
	o->n_counts = 0;
	for (unsigned i = 0; i < o->n; i++) {
		unsigned at = 0;

		while (at < o->n_counts && o->prefixes[at] != o->searches[i].prefix)
			at++;
		if (at == o->n_counts) {
			memset(o->counts[at], 0, sizeof(o->counts[at]));
			o->prefixes[o->n_counts++] = o->searches[i].prefix;
		}
		o->searches[i].counts = at;
	}
}

struct order_stats *order_new(unsigned bits)
{
	struct order_stats *o = mem_zalloc(1, sizeof(*o));

	if (!o)
		return NULL;
	o->shift = bits - DIGIT_BITS;
	o->n_counts = 1; /* of all numbers: no digit is known yet */
	return o;
}

void order_set_ranks(struct order_stats *o, const uint64_t *ranks, unsigned n)
{
	o->n = n;
	for (unsigned i = 0; i < n; i++)
		o->searches[i].rank = ranks[i];
}

void order_free(struct order_stats *o)
{
	mem_free(o);
}

void order_count(struct order_stats *o, uint64_t number)
{
	for (unsigned i = 0; i < o->n_counts; i++) {
		if ((number & o->known) == o->prefixes[i])
			o->counts[i][number >> o->shift & (N_DIGITS - 1)]++;
	}
}

void order_next(struct order_stats *o)
{
	for (unsigned i = 0; i < o->n; i++) {
		struct search *s = &o->searches[i];
		const uint64_t *counts = o->counts[s->counts];
		unsigned digit = 0;

		while (digit < N_DIGITS - 1 && s->below + counts[digit] <= s->rank)
			s->below += counts[digit++];
		s->not_larger = s->below + counts[digit];
		s->prefix |= (uint64_t)digit << o->shift;
	}
	o->known |= (uint64_t)(N_DIGITS - 1) << o->shift;
	if (o->shift)
		o->shift -= DIGIT_BITS;
	prepare_counts(o);
}

uint64_t order_value(const struct order_stats *o, unsigned rank_no)
{
	return o->searches[rank_no].prefix;
}

uint64_t order_not_larger(const struct order_stats *o, unsigned rank_no)
{
	return o->searches[rank_no].not_larger;
}
