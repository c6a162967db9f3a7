/* SPDX-License-Identifier: MIT */
/* Bytes that are all 0 or 1, as booleans are, eight to a byte: the first one lowest. */
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

/* n such bytes to bits_bytes(n); and back, whatever the bits behind the n-th are. */
void bits_pack(const uint8_t *in, size_t n, uint8_t *out);
void bits_unpack(const uint8_t *in, size_t n, uint8_t *out);

#endif
