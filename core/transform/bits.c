/* SPDX-License-Identifier: MIT */
#include "transform/bits.h"

#include <string.h>

#include "base/le.h"

/* A multiplication gathers one bit of each of eight bytes in the highest one. */
#define GATHER 0x0102040810204080u

bool bits_only(const uint8_t *in, size_t n)
{
	size_t i = 0;

	for (; i + 64 <= n; i += 64) {
		uint8_t any = 0;

		for (unsigned k = 0; k < 64; k++)
			any |= in[i + k];
		if (any > 1)
			return false;
	}
	for (; i < n; i++) {
		if (in[i] > 1)
			return false;
	}
	return true;
}

void bits_pack(const uint8_t *in, size_t n, uint8_t *out)
{
	for (size_t i = 0; i < n / 8; i++)
		out[i] = (uint8_t)(le_get64(in + 8 * i) * GATHER >> 56);
	if (n % 8) {
		uint8_t last[8] = { 0 };

		memcpy(last, in + n / 8 * 8, n % 8);
		out[n / 8] = (uint8_t)(le_get64(last) * GATHER >> 56);
	}
}

void bits_unpack(const uint8_t *in, size_t n, uint8_t *out)
{
	for (size_t i = 0; i < n; i++)
		out[i] = in[i / 8] >> i % 8 & 1;
}
