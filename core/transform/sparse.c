/* SPDX-License-Identifier: MIT */
#include "transform/sparse.h"

#include <string.h>

#include "base/simd.h"

/*
 * A loop for each width, so that an element is one integer to the compiler. The sign's bit depends on
 * the byte order alone; all others must be 0 in a zero, whatever their order.
 */
#define DEFINE_KERNELS(bits)                                                                     \
	static uint##bits##_t sign##bits(bool big)                                               \
	{                                                                                        \
		bool swapped = big == (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);               \
                                                                                                 \
		return swapped ? 0x80 : (uint##bits##_t)((uint##bits##_t)1 << (bits - 1));       \
	}                                                                                        \
                                                                                                 \
	SIMD_CLONES static size_t count##bits(const uint8_t *in, size_t n, uint##bits##_t sign)  \
	{                                                                                        \
		size_t zeros = 0;                                                                \
                                                                                                 \
		for (size_t i = 0; i < n; i++) {                                                 \
			uint##bits##_t v;                                                        \
                                                                                                 \
			memcpy(&v, in + i * sizeof(v), sizeof(v));                               \
			zeros += !(v & (uint##bits##_t) ~sign);                                  \
		}                                                                                \
		return zeros;                                                                    \
	}                                                                                        \
                                                                                                 \
	static void split##bits(const uint8_t *in, size_t n, uint##bits##_t sign, uint8_t *map,  \
		uint8_t *signs, uint8_t *values)                                                 \
	{                                                                                        \
		size_t zeros = 0;                                                                \
                                                                                                 \
		for (size_t i = 0; i < n; i++) {                                                 \
			uint##bits##_t v;                                                        \
			unsigned nonzero;                                                        \
                                                                                                 \
			memcpy(&v, in + i * sizeof(v), sizeof(v));                               \
			nonzero = (v & (uint##bits##_t) ~sign) != 0;                             \
			map[i / 8] = (uint8_t)(map[i / 8] | nonzero << i % 8);                   \
			if (nonzero) {                                                           \
				memcpy(values, &v, sizeof(v));                                   \
				values += sizeof(v);                                             \
			} else {                                                                 \
				signs[zeros / 8] = (uint8_t)(signs[zeros / 8] |                  \
					(v != 0) << zeros % 8);                                  \
				zeros++;                                                         \
			}                                                                        \
		}                                                                                \
	}                                                                                        \
                                                                                                 \
	static void merge##bits(uint8_t *out, size_t n, uint##bits##_t sign, const uint8_t *map, \
		const uint8_t *signs, const uint8_t *values)                                     \
	{                                                                                        \
		size_t zeros = 0;                                                                \
                                                                                                 \
		for (size_t i = 0; i < n; i++) {                                                 \
			uint##bits##_t v;                                                        \
                                                                                                 \
			if (map[i / 8] >> i % 8 & 1) {                                           \
				memcpy(&v, values, sizeof(v));                                   \
				values += sizeof(v);                                             \
			} else {                                                                 \
				v = signs[zeros / 8] >> zeros % 8 & 1 ? sign : 0;                \
				zeros++;                                                         \
			}                                                                        \
			memcpy(out + i * sizeof(v), &v, sizeof(v));                              \
		}                                                                                \
	}

DEFINE_KERNELS(16)
DEFINE_KERNELS(32)
DEFINE_KERNELS(64)

size_t sparse_count_zeros(const uint8_t *in, size_t n, unsigned width, bool big)
{
	switch (width) {
	case 2:
		return count16(in, n, sign16(big));
	case 4:
		return count32(in, n, sign32(big));
	default:
		return count64(in, n, sign64(big));
	}
}

size_t sparse_count_map(const uint8_t *map, size_t n)
{
	size_t set = 0;

	for (size_t i = 0; i < n / 8; i++)
		set += (unsigned)__builtin_popcount(map[i]);
	if (n % 8)
		set += (unsigned)__builtin_popcount(map[n / 8] & ((1u << n % 8) - 1));
	return set;
}

void sparse_split(const uint8_t *in, size_t n, unsigned width, bool big, uint8_t *map,
	uint8_t *signs, uint8_t *values)
{
	memset(map, 0, sparse_map_bytes(n));
	memset(signs, 0, sparse_map_bytes(n));
	switch (width) {
	case 2:
		split16(in, n, sign16(big), map, signs, values);
		break;
	case 4:
		split32(in, n, sign32(big), map, signs, values);
		break;
	default:
		split64(in, n, sign64(big), map, signs, values);
		break;
	}
}

void sparse_merge(uint8_t *out, size_t n, unsigned width, bool big, const uint8_t *map,
	const uint8_t *signs, const uint8_t *values)
{
	switch (width) {
	case 2:
		merge16(out, n, sign16(big), map, signs, values);
		break;
	case 4:
		merge32(out, n, sign32(big), map, signs, values);
		break;
	default:
		merge64(out, n, sign64(big), map, signs, values);
		break;
	}
}
