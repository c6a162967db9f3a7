/* SPDX-License-Identifier: MIT */
/* Percentiles of more numbers than fit into memory, exactly, by counting digits of their bits. */
#ifndef ALCM_LOSSY_ORDER_STATS_H
#define ALCM_LOSSY_ORDER_STATS_H

#include <stdint.h>

enum { ORDER_MAX_RANKS = 4 };

/*
 * Start with the ranks (0 = the smallest) that are wanted; then, order_passes(bits) times: show every
 * number to order_count() and call order_next(). A number is an unsigned integer of `bits` bits
 * (16, 32 or 64) that sorts as what it stands for, such as the bits of a float that is not negative.
 */
struct order_stats;

/* NULL: no memory. `n_ranks` at most ORDER_MAX_RANKS; each below the count of numbers. */
struct order_stats *order_new(unsigned bits, const uint64_t *ranks, unsigned n_ranks);
void order_free(struct order_stats *o); /* NULL is fine */

unsigned order_passes(unsigned bits);
void order_count(struct order_stats *o, uint64_t number);
void order_next(struct order_stats *o);

/* After the last pass: the number of that rank, and how many are not larger than it. */
uint64_t order_value(const struct order_stats *o, unsigned rank_no);
uint64_t order_not_larger(const struct order_stats *o, unsigned rank_no);

#endif
