/* SPDX-License-Identifier: MIT */
/* Floats of which many are 0: a map of the others, the signs of the zeros, and the values
   that aren't zero. Without it each zero would cost a share of a byte in every plane. */
#ifndef ALCM_TRANSFORM_SPARSE_H
#define ALCM_TRANSFORM_SPARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of a map of n bits, the first one lowest. */
static inline size_t sparse_map_bytes(size_t n)
{
	return (n + 7) / 8;
}

/* The number of elements that are +0 or −0, of n elements of `width` bytes (2, 4, 8). */
size_t sparse_count_zeros(const uint8_t *in, size_t n, unsigned width, bool big);

/* The number of set bits among a map's first n. */
size_t sparse_count_map(const uint8_t *map, size_t n);

/*
 * `map`: bit i is set when element i isn't zero; sparse_map_bytes(n). `signs`: a bit for
 * each zero, in order, set for −0; as many bytes as `map`. `values`: the other elements,
 * bytes unchanged.
 */
void sparse_split(const uint8_t *in, size_t n, unsigned width, bool big, uint8_t *map,
	uint8_t *signs, uint8_t *values);

/* The inverse. */
void sparse_merge(uint8_t *out, size_t n, unsigned width, bool big, const uint8_t *map,
	const uint8_t *signs, const uint8_t *values);

#endif
