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

/* The highest bits of eight bytes, that of the first one lowest. */
static uint8_t high_bits(uint64_t v)
{
	return (uint8_t)((v >> 7 & 0x0101010101010101u) * GATHER >> 56);
}

void bits_split(const uint8_t *in, size_t n, uint8_t *planes)
{
	size_t len = bits_bytes(n);

	for (size_t i = 0; i < len; i++) {
		uint8_t eight[8] = { 0 };
		uint64_t v;

		memcpy(eight, in + 8 * i, n - 8 * i < 8 ? n - 8 * i : 8);
		v = le_get64(eight);
		for (unsigned p = 0; p < 8; p++, v <<= 1)
			planes[p * len + i] = high_bits(v);
	}
}

/* Eight bits to the lowest bits of eight bytes, the lowest first. */
static uint64_t spread_bits(uint8_t bits)
{
	/* Copies of the byte, of which each keeps another bit. */
	uint64_t v = bits * 0x0101010101010101u & 0x8040201008040201u;

	/* A byte that is not 0 has the highest bit set after this; it then is the lowest. */
	return ((v + 0x7f7f7f7f7f7f7f7fu) | v) >> 7 & 0x0101010101010101u;
}

void bits_merge(const uint8_t *const planes[8], size_t n, uint8_t *out)
{
	for (size_t i = 0; i < bits_bytes(n); i++) {
		uint8_t eight[8];
		uint64_t v = 0;

		for (unsigned p = 0; p < 8; p++)
			v = v << 1 | spread_bits(planes[p][i]);
		le_put64(eight, v);
		memcpy(out + 8 * i, eight, n - 8 * i < 8 ? n - 8 * i : 8);
	}
}
