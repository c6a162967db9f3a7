/* SPDX-License-Identifier: MIT */
/* Percentiles of more numbers than fit into memory, exactly, by counting digits of their
   bits. */
#ifndef ALCM_LOSSY_ORDER_STATS_H
#define ALCM_LOSSY_ORDER_STATS_H

#include <stdbool.h>
#include <stdint.h>

enum { ORDER_MAX_RANKS = 4 };

/*
 * Until order_done(): show every number to order_count(), and call order_next(); before
 * the first order_next() say with order_set_ranks() which ranks (0 = the smallest) are
 * wanted. A number is an unsigned integer of `bits` bits (16, 32 or 64) that sorts as
 * what it stands for, such as the bits of a float that is not negative. Ranks of zeros
 * are found in the first pass, others in 2, 3 and 5 for those bits, or in some more where
 * tables for that would be large beside the numbers.
 */
struct order_stats;

/* about; NULL: no memory */
struct order_stats *order_new(unsigned bits, uint64_t n_numbers);
void order_free(struct order_stats *o); /* NULL is fine */

void order_count(struct order_stats *o, const uint64_t *numbers, uint32_t n);
void order_count_zeros(struct order_stats *o, uint64_t n); /* the same of n zeros */
/* `n` at most ORDER_MAX_RANKS; each below the count of numbers. */
void order_set_ranks(struct order_stats *o, const uint64_t *ranks, unsigned n);
void order_next(struct order_stats *o);
bool order_done(const struct order_stats *o);

/* When that is done: the number of that rank, and how many are not larger than it. */
uint64_t order_value(const struct order_stats *o, unsigned rank_no);
uint64_t order_not_larger(const struct order_stats *o, unsigned rank_no);

#endif
