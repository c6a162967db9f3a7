/* SPDX-License-Identifier: MIT */
/*
 * Elements to byte planes and back. Plane 0 takes the most significant byte of every
 * element:
 *
 *     two little-endian uint16:  34 12  78 56   →   plane 0: 12 56   plane 1: 34 78
 *
 * With `rotate` each element, as an integer, is first rotated left by one bit. That moves
 * the sign behind the mantissa, so plane 0 of a float32 holds the whole exponent.
 */
#ifndef ALCM_TRANSFORM_PLANES_H
#define ALCM_TRANSFORM_PLANES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * n_elems elements of `width` bytes at `in` → planes of n_elems bytes each, one behind
 * the other at `out`. `rotate` needs a width of 2, 4 or 8. Little-endian unless `big`.
 */
void planes_split(const uint8_t *in, uint8_t *out, size_t n_elems, unsigned width,
	bool rotate, bool big);

/* The inverse; `planes[i]` is plane i. */
void planes_merge(const uint8_t *const planes[], uint8_t *out, size_t n_elems,
	unsigned width, bool rotate, bool big);

#endif
