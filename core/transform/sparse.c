/* SPDX-License-Identifier: MIT */
/*
 * Transform `sparse` (docs/format.md, section 3.1, number 4): zeros as a map, and planes
 * of the other values.
 *
 *   1.5  0  −0  2.0   ──►   map: 1 0 0 1   signs of zeros: 0 1   values: 1.5 2.0
 *
 * The values then go through transform `float`. AVX-512 expands values by the map's bits
 * directly; without it, or with any −0, the portable loop merges them.
 *
 * Every length follows from the map: a decoder gets as many values as the map has bits
 * set, and as many signs as it has bits clear (plane_len below). So a hostile map can
 * give wrong floats, which the record's hash detects, but never a read past a plane.
 */
#include "transform/sparse.h"

#include <string.h>

#include "base/cpu.h"
#include "base/le.h"
#include "transform/transform_table.h"

#if CPU_X86
#include <immintrin.h>
#endif

/*
 * A loop for each width, so that an element is one integer to the compiler. Bytes aren't
 * swapped: only the place of the sign depends on their order, and in a zero all other
 * bits are 0.
 */
#define DEFINE_KERNELS(bits)                                                            \
	static uint##bits##_t sign##bits(bool big)                                          \
	{                                                                                   \
		bool swapped = big == (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);              \
                                                                                        \
		return swapped ? 0x80 : (uint##bits##_t)((uint##bits##_t)1 << (bits - 1));      \
	}                                                                                   \
                                                                                        \
	static size_t count##bits(const uint8_t *in, size_t n, uint##bits##_t sign)         \
	{                                                                                   \
		size_t zeros = 0;                                                               \
                                                                                        \
		for (size_t i = 0; i < n; i++) {                                                \
			uint##bits##_t v;                                                           \
                                                                                        \
			memcpy(&v, in + i * sizeof(v), sizeof(v));                                  \
			zeros += !(v & (uint##bits##_t) ~sign);                                     \
		}                                                                               \
		return zeros;                                                                   \
	}                                                                                   \
                                                                                        \
	static void split##bits(const uint8_t *in, size_t n, uint##bits##_t sign,           \
		uint8_t *map, uint8_t *signs, uint8_t *values)                                  \
	{                                                                                   \
		size_t zeros = 0;                                                               \
                                                                                        \
		for (size_t i = 0; i < n; i++) {                                                \
			uint##bits##_t v;                                                           \
			unsigned nonzero;                                                           \
                                                                                        \
			memcpy(&v, in + i * sizeof(v), sizeof(v));                                  \
			nonzero = (v & (uint##bits##_t) ~sign) != 0;                                \
			map[i / 8] = (uint8_t)(map[i / 8] | nonzero << i % 8);                      \
			if (nonzero) {                                                              \
				memcpy(values, &v, sizeof(v));                                          \
				values += sizeof(v);                                                    \
			} else {                                                                    \
				signs[zeros / 8] = (uint8_t)(signs[zeros / 8] | (v != 0) << zeros % 8); \
				zeros++;                                                                \
			}                                                                           \
		}                                                                               \
	}                                                                                   \
                                                                                        \
	static void merge##bits(uint8_t *out, size_t n, uint##bits##_t sign,                \
		const uint8_t *map, const uint8_t *signs, const uint8_t *values)                \
	{                                                                                   \
		size_t zeros = 0;                                                               \
                                                                                        \
		for (size_t i = 0; i < n; i++) {                                                \
			uint##bits##_t v;                                                           \
                                                                                        \
			if (map[i / 8] >> i % 8 & 1) {                                              \
				memcpy(&v, values, sizeof(v));                                          \
				values += sizeof(v);                                                    \
			} else {                                                                    \
				v = signs[zeros / 8] >> zeros % 8 & 1 ? sign : 0;                       \
				zeros++;                                                                \
			}                                                                           \
			memcpy(out + i * sizeof(v), &v, sizeof(v));                                 \
		}                                                                               \
	}

DEFINE_KERNELS(16)
DEFINE_KERNELS(32)
DEFINE_KERNELS(64)

static size_t count_portable(const uint8_t *in, size_t n, unsigned width, bool big)
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

#if CPU_X86

/* Count the zeros in whole vectors; returns the number of elements in these. */
static CPU_TARGET_AVX512 size_t count_avx512(const uint8_t *in, size_t n, unsigned width,
	bool big, size_t *zeros)
{
	const __m512i others = width == 2 ? _mm512_set1_epi16((short)~sign16(big))
		: width == 4                  ? _mm512_set1_epi32((int)~sign32(big))
									  : _mm512_set1_epi64((long long)~sign64(big));
	size_t i = 0, found = 0;

	for (; (i + 1) * 64 <= n * width; i++) {
		__m512i v = _mm512_loadu_si512(in + i * 64);

		found += (unsigned)_mm_popcnt_u32(width == 2 ? _mm512_testn_epi16_mask(v, others)
				: width == 4                         ? _mm512_testn_epi32_mask(v, others)
							 : _mm512_testn_epi64_mask(v, others));
	}
	*zeros = found;
	return i * 64 / width;
}

#else

static size_t count_avx512(const uint8_t *in, size_t n, unsigned width, bool big,
	size_t *zeros)
{
	(void)in, (void)n, (void)width, (void)big, (void)zeros;
	return 0;
}

#endif

size_t sparse_count_zeros(const uint8_t *in, size_t n, unsigned width, bool big)
{
	size_t zeros = 0, done = 0;

	if (cpu_level() == CPU_AVX512)
		done = count_avx512(in, n, width, big, &zeros);
	return zeros + count_portable(in + done * width, n - done, width, big);
}

size_t sparse_count_map(const uint8_t *map, size_t n)
{
	size_t set = 0, i = 0;

	for (; (i + 1) * 64 <= n; i++) {
		uint64_t v = le_get64(map + i * 8);

		/* Sum the bits in pairs, fours and eights; a multiplication sums the bytes. */
		v -= v >> 1 & 0x5555555555555555u;
		v = (v & 0x3333333333333333u) + (v >> 2 & 0x3333333333333333u);
		set += ((v + (v >> 4)) & 0x0f0f0f0f0f0f0f0fu) * 0x0101010101010101u >> 56;
	}
	for (i *= 64; i < n; i++)
		set += map[i / 8] >> i % 8 & 1;
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

static void merge_portable(uint8_t *out, size_t n, unsigned width, bool big,
	const uint8_t *map, const uint8_t *signs, const uint8_t *values)
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

#if CPU_X86

/* A vector whose set elements come from `values`, in order; the others are 0. */
static inline __attribute__((always_inline)) CPU_TARGET_AVX512 __m512i
expand(unsigned width, uint32_t set, const uint8_t *values)
{
	__m512i v = _mm512_loadu_si512(values);

	return width == 2 ? _mm512_maskz_expand_epi16(set, v)
		: width == 4  ? _mm512_maskz_expand_epi32((__mmask16)set, v)
					  : _mm512_maskz_expand_epi64((__mmask8)set, v);
}

/* Merge 32 elements at a time, all zeros positive, while loading whole vectors stays
   within the values. Returns the number of elements. */
static inline __attribute__((always_inline)) CPU_TARGET_AVX512 size_t
merge_vectors(uint8_t *out, size_t n, unsigned width, const uint8_t *map,
	const uint8_t *values, size_t n_values)
{
	const unsigned lanes = 64 / width;
	size_t i = 0;

	for (; n - i >= 32 && n_values >= 64; i += 32) {
		uint32_t all = le_get32(map + i / 8);

		/* The 32 elements take at most 32 values, and the last load ends there, too: it
		   is the last `lanes` of them. So it stays within the 64 bytes that are left in
		   values at the least, whatever the map says. */
		for (unsigned at = 0; at < 32; at += lanes) {
			/* Width 2 has 32 lanes; `% 32` only keeps that case's shift defined. */
			uint32_t set = width == 2 ? all : all >> at & ((1u << lanes % 32) - 1);
			size_t count = (size_t)_mm_popcnt_u32(set);

			_mm512_storeu_si512(out + (i + at) * width, expand(width, set, values));
			values += count * width;
			n_values -= count;
		}
	}
	return i;
}

static CPU_TARGET_AVX512 size_t merge_avx512(uint8_t *out, size_t n, unsigned width,
	const uint8_t *map, const uint8_t *values, size_t n_values)
{
	return width == 2 ? merge_vectors(out, n, 2, map, values, n_values)
		: width == 4  ? merge_vectors(out, n, 4, map, values, n_values)
					  : merge_vectors(out, n, 8, map, values, n_values);
}

#else

static size_t merge_avx512(uint8_t *out, size_t n, unsigned width, const uint8_t *map,
	const uint8_t *values, size_t n_values)
{
	(void)out, (void)n, (void)width, (void)map, (void)values, (void)n_values;
	return 0;
}

#endif

static bool all_zero(const uint8_t *bytes, size_t n)
{
	return !n || (!bytes[0] && !memcmp(bytes, bytes + 1, n - 1));
}

void sparse_merge(uint8_t *out, size_t n, unsigned width, bool big, const uint8_t *map,
	const uint8_t *signs, const uint8_t *values)
{
	size_t n_values = sparse_count_map(map, n), done = 0;

	if (cpu_level() == CPU_AVX512 && all_zero(signs, sparse_map_bytes(n - n_values)))
		done = merge_avx512(out, n, width, map, values, n_values);
	/* `done` is a multiple of 32, so the rest of the map begins with a whole byte. The
	   signs aren't advanced: where vectors were used all of them are 0. */
	merge_portable(out + done * width, n - done, width, big, map + done / 8, signs,
		values + sparse_count_map(map, done) * width);
}

/* ---- row of the table: the two maps, then planes of the values that aren't zero ---- */

enum { N_MAPS = 2, MAP_ALIGN = 64 };

static struct plane_name name_plane(unsigned no)
{
	if (no >= N_MAPS)
		return transform_float.plane_name(no - N_MAPS);
	return (struct plane_name){ no ? "signs of zeros" : "map of zeros", -1, "" };
}

/* Lengths depend on the map, which is plane 0 and so decoded before the others. */
static uint32_t plane_len(const struct transform_part *part, unsigned no,
	const struct transform_planes *before)
{
	uint32_t n = part->n_bytes / part->width;

	if (no == 0)
		return (uint32_t)sparse_map_bytes(n);
	if (no == 1)
		return (uint32_t)sparse_map_bytes(n - sparse_count_map(before->at[0], n));
	return no == N_MAPS ? (uint32_t)sparse_count_map(before->at[0], n)
						: before->len[N_MAPS];
}

/*
 * Maps are padded, so that the planes behind them are aligned:
 *
 *   to:  map, to a multiple of 64 │ signs, likewise │ planes of the values
 *
 * Elements have at least two bytes, so a map has at most n_bytes / 16 bytes and both
 * together n_bytes / 8 and the padding, for which TRANSFORM_ROOM() has space.
 */
static void split(const struct transform_part *part, const uint8_t *raw, uint8_t *to,
	uint8_t *scratch, struct transform_planes *planes)
{
	uint32_t n = part->n_bytes / part->width, map_len = (uint32_t)sparse_map_bytes(n);
	uint32_t map_capacity = (map_len + MAP_ALIGN - 1) / MAP_ALIGN * MAP_ALIGN;
	uint8_t *map = to, *signs = map + map_capacity;
	struct transform_part others = *part;
	struct transform_planes of_others;

	sparse_split(raw, n, part->width, part->big_endian, map, signs, scratch);
	others.n_bytes = (uint32_t)sparse_count_map(map, n) * part->width;
	transform_float.split(&others, scratch, signs + map_capacity, NULL, &of_others);
	planes->at[0] = map;
	planes->len[0] = map_len;
	planes->at[1] = signs;
	planes->len[1] = (uint32_t)sparse_map_bytes(n - others.n_bytes / part->width);
	memcpy(planes->at + N_MAPS, of_others.at, part->width * sizeof(planes->at[0]));
	memcpy(planes->len + N_MAPS, of_others.len, part->width * sizeof(planes->len[0]));
}

/* The values are merged into scratch memory first: their place isn't known before the
   map. */
static void merge(const struct transform_part *part,
	const struct transform_planes *planes, uint8_t *scratch, uint8_t *out)
{
	struct transform_part others = *part;
	struct transform_planes of_others;

	others.n_bytes = planes->len[N_MAPS] * part->width;
	memcpy(of_others.at, planes->at + N_MAPS, part->width * sizeof(planes->at[0]));
	transform_float.merge(&others, &of_others, NULL, scratch);
	sparse_merge(out, part->n_bytes / part->width, part->width, part->big_endian,
		planes->at[0], planes->at[1], scratch);
}

const struct transform_ops transform_sparse = {
	.name = "sparse",
	.widths = TRANSFORM_WORDS,
	.n_planes = N_MAPS,
	.per_byte = true,
	.n_extra = N_MAPS,
	.value_bits = 8,
	.plane_name = name_plane,
	.plane_len = plane_len,
	.split = split,
	.merge = merge,
};
