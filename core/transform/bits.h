/* SPDX-License-Identifier: MIT */
/* Bits of bytes gathered eight to a byte, that of the first byte lowest: either of bytes
   that are all 0 or 1, such as booleans, or each of a byte's eight bits by itself. */
#ifndef ALCM_TRANSFORM_BITS_H
#define ALCM_TRANSFORM_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline size_t bits_bytes(size_t n)
{
	return (n + 7) / 8;
}

/* Whether the n bytes are all 0 or 1. */
bool bits_only(const uint8_t *in, size_t n);

/* Pack n such bytes into bits_bytes(n), and unpack them; unpacking ignores bits behind
   the n-th. */
void bits_pack(const uint8_t *in, size_t n, uint8_t *out);
void bits_unpack(const uint8_t *in, size_t n, uint8_t *out);

/* Bit 7 − p of each of n bytes goes to planes[p · bits_bytes(n)], for p from 0 to 7; and
   back, from wherever the planes are. */
void bits_split(const uint8_t *in, size_t n, uint8_t *planes);
void bits_merge(const uint8_t *const planes[8], size_t n, uint8_t *out);

#endif
