/* SPDX-License-Identifier: MIT */
/*
 * Arithmetic on numbers that came from a file. Each returns true and stores the result,
 * or returns false on overflow and leaves `out` alone.
 */
#ifndef ALCM_BASE_CHECKED_H
#define ALCM_BASE_CHECKED_H

#include <stdbool.h>
#include <stdint.h>

static inline bool checked_add(uint64_t a, uint64_t b, uint64_t *out)
{
	uint64_t sum;

	if (__builtin_add_overflow(a, b, &sum))
		return false;
	*out = sum;
	return true;
}

static inline bool checked_mul(uint64_t a, uint64_t b, uint64_t *out)
{
	uint64_t product;

	if (__builtin_mul_overflow(a, b, &product))
		return false;
	*out = product;
	return true;
}

/* `v` rounded up to a multiple of `unit`, a power of two; `v` must be 1 << 63 at most. */
static inline uint64_t round_up(uint64_t v, uint64_t unit)
{
	return (v + unit - 1) & ~(unit - 1);
}

static inline uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static inline uint64_t max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

#endif
