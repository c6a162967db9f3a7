/* SPDX-License-Identifier: MIT */
/* Exact percentiles of more numbers than fit into memory, by counting digits of their
   bits. */
#ifndef ALCM_LOSSY_ORDER_STATS_H
#define ALCM_LOSSY_ORDER_STATS_H

#include <stdbool.h>
#include <stdint.h>

enum { ORDER_MAX_RANKS = 4 };

/*
 * Until order_done(): pass every number to order_count(), then call order_next(). Before
 * the first order_next() set the wanted ranks (0 = the smallest) with order_set_ranks().
 * A number is an unsigned integer of `bits` bits (16, 32 or 64) that sorts like the value
 * that it represents, such as the bits of a non-negative float. Ranks of zeros take one
 * pass. Others take 1, 2 and 4 passes for these widths, or 2, 3 and 6 when there are few
 * numbers, so that tables stay small.
 */
struct order_stats;

/* `n_numbers` is an estimate. NULL: no memory. */
struct order_stats *order_new(unsigned bits, uint64_t n_numbers);
void order_free(struct order_stats *o); /* NULL is fine */

void order_count(struct order_stats *o, const uint64_t *numbers, uint32_t n);
void order_count_zeros(struct order_stats *o, uint64_t n); /* the same for n zeros */
/* `n` at most ORDER_MAX_RANKS; each below the count of numbers. */
void order_set_ranks(struct order_stats *o, const uint64_t *ranks, unsigned n);
void order_next(struct order_stats *o);
bool order_done(const struct order_stats *o);

/* When done: the number of that rank, and the count of numbers that are not larger. */
uint64_t order_value(const struct order_stats *o, unsigned rank_no);
uint64_t order_not_larger(const struct order_stats *o, unsigned rank_no);

#endif
