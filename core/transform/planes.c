/* SPDX-License-Identifier: MIT */
/*
 * Transforms `bytes` and `float` (docs/format.md, section 3.1, numbers 1 and 2): elements
 * to byte planes and back. planes.h has an example of `bytes`. `float` rotates first:
 *
 *              sign  exponent   mantissa           after the rotation   planes
 *    1.0f      0     01111111   00…0   3f800000    7f000000             7f 00 00 00
 *   −1.0f      1     01111111   00…0   bf800000    7f000001             7f 00 00 01
 *
 * Weights have both signs and few exponents. Unrotated, each exponent would be two byte
 * values in plane 0, and one of its bits would be in plane 1. Rotated, plane 0 of
 * float32 and bfloat16 is the exponent alone, and the sign, which doesn't compress,
 * joins the lowest mantissa bits, which don't either.
 */
#include "transform/planes.h"

#include <string.h>

#include "base/simd.h"
#include "transform/transform_table.h"

/*
 * Widths 2, 4 and 8 have loops in which width, rotation and byte order are constants, so
 * that the compiler turns them into vector code. Other widths are records and strings,
 * and rare.
 *
 * The element is taken as an integer, so its most significant byte goes to plane 0 in
 * whatever order the bytes are stored and on whatever machine this runs. merge() uses
 * load() for the opposite purpose: swapping is its own inverse. `restrict` is true, as
 * planes and elements never share memory, and vector code needs it. The _any functions
 * test the flags once, outside the loops; SIMD_CLONES compiles them for several machines.
 */
#define DEFINE_KERNELS(bits)                                                             \
	static inline uint##bits##_t load##bits(const uint8_t *p, bool big)                  \
	{                                                                                    \
		uint##bits##_t v;                                                                \
                                                                                         \
		memcpy(&v, p, sizeof(v));                                                        \
		if (big == (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__))                          \
			v = __builtin_bswap##bits(v);                                                \
		return v;                                                                        \
	}                                                                                    \
                                                                                         \
	static inline __attribute__((always_inline)) void split##bits(const uint8_t *in,     \
		uint8_t *restrict out, size_t n, bool rotate, bool big)                          \
	{                                                                                    \
		enum { W = bits / 8 };                                                           \
                                                                                         \
		for (size_t i = 0; i < n; i++) {                                                 \
			uint##bits##_t v = load##bits(in + i * W, big);                              \
                                                                                         \
			if (rotate)                                                                  \
				v = (uint##bits##_t)(v << 1 | v >> (bits - 1));                          \
			for (unsigned p = 0; p < W; p++)                                             \
				out[p * n + i] = (uint8_t)(v >> (bits - 8 - 8 * p));                     \
		}                                                                                \
	}                                                                                    \
                                                                                         \
	static inline                                                                        \
		__attribute__((always_inline)) void merge##bits(const uint8_t *const planes[],   \
			uint8_t *restrict out, size_t n, bool rotate, bool big)                      \
	{                                                                                    \
		enum { W = bits / 8 };                                                           \
		const uint8_t *from[W];                                                          \
                                                                                         \
		for (unsigned p = 0; p < W; p++)                                                 \
			from[p] = planes[p];                                                         \
		for (size_t i = 0; i < n; i++) {                                                 \
			uint##bits##_t v = 0;                                                        \
                                                                                         \
			for (unsigned p = 0; p < W; p++)                                             \
				v = (uint##bits##_t)(v |                                                 \
					(uint##bits##_t)from[p][i] << (bits - 8 - 8 * p));                   \
			if (rotate)                                                                  \
				v = (uint##bits##_t)(v >> 1 | v << (bits - 1));                          \
			v = load##bits((const uint8_t *)&v, big);                                    \
			memcpy(out + i * W, &v, W);                                                  \
		}                                                                                \
	}                                                                                    \
                                                                                         \
	SIMD_CLONES static void split##bits##_any(const uint8_t *in, uint8_t *out, size_t n, \
		bool rotate, bool big)                                                           \
	{                                                                                    \
		if (rotate && !big)                                                              \
			split##bits(in, out, n, true, false);                                        \
		else if (rotate)                                                                 \
			split##bits(in, out, n, true, true);                                         \
		else if (!big)                                                                   \
			split##bits(in, out, n, false, false);                                       \
		else                                                                             \
			split##bits(in, out, n, false, true);                                        \
	}                                                                                    \
                                                                                         \
	SIMD_CLONES static void merge##bits##_any(const uint8_t *const planes[],             \
		uint8_t *out, size_t n, bool rotate, bool big)                                   \
	{                                                                                    \
		if (rotate && !big)                                                              \
			merge##bits(planes, out, n, true, false);                                    \
		else if (rotate)                                                                 \
			merge##bits(planes, out, n, true, true);                                     \
		else if (!big)                                                                   \
			merge##bits(planes, out, n, false, false);                                   \
		else                                                                             \
			merge##bits(planes, out, n, false, true);                                    \
	}

DEFINE_KERNELS(16)
DEFINE_KERNELS(32)
DEFINE_KERNELS(64)

/* The byte of an element that goes to plane p, for widths without a loop of their own.
   These are never rotated: only floats are, and floats have 2, 4 or 8 bytes. */
static inline unsigned plane_byte(unsigned p, unsigned width, bool big)
{
	return big ? p : width - 1 - p;
}

void planes_split(const uint8_t *in, uint8_t *out, size_t n, unsigned width, bool rotate,
	bool big)
{
	if (width == 2)
		split16_any(in, out, n, rotate, big);
	else if (width == 4)
		split32_any(in, out, n, rotate, big);
	else if (width == 8)
		split64_any(in, out, n, rotate, big);
	else
		for (unsigned p = 0; p < width; p++) {
			const uint8_t *from = in + plane_byte(p, width, big);

			for (size_t i = 0; i < n; i++)
				out[p * n + i] = from[i * width];
		}
}

void planes_merge(const uint8_t *const planes[], uint8_t *out, size_t n, unsigned width,
	bool rotate, bool big)
{
	if (width == 2)
		merge16_any(planes, out, n, rotate, big);
	else if (width == 4)
		merge32_any(planes, out, n, rotate, big);
	else if (width == 8)
		merge64_any(planes, out, n, rotate, big);
	else
		for (unsigned p = 0; p < width; p++) {
			uint8_t *to = out + plane_byte(p, width, big);

			for (size_t i = 0; i < n; i++)
				to[i * width] = planes[p][i];
		}
}

/* ---- rows of the table ------------------------------------------------------------- */

/* The planes lie one behind the other at `at`. */
static void list_planes(const struct transform_part *part, const uint8_t *at,
	struct transform_planes *planes)
{
	uint32_t n = part->n_bytes / part->width;

	for (unsigned p = 0; p < part->width; p++) {
		planes->at[p] = at + (size_t)p * n;
		planes->len[p] = n;
	}
}

static struct plane_name name_byte(unsigned no)
{
	return (struct plane_name){ "byte ", (int)no, "" };
}

static void split_bytes(const struct transform_part *part, const uint8_t *raw,
	uint8_t *to, uint8_t *scratch, struct transform_planes *planes)
{
	(void)scratch;
	planes_split(raw, to, part->n_bytes / part->width, part->width, false,
		part->big_endian);
	list_planes(part, to, planes);
}

static void merge_bytes(const struct transform_part *part,
	const struct transform_planes *planes, uint8_t *scratch, uint8_t *out)
{
	(void)scratch;
	planes_merge(planes->at, out, part->n_bytes / part->width, part->width, false,
		part->big_endian);
}

const struct transform_ops transform_bytes = {
	.name = "bytes",
	.widths = 0x1fffffffc, /* 2 … 32 */
	.per_byte = true,
	.value_bits = 8,
	.plane_name = name_byte,
	.plane_len = transform_elements,
	.split = split_bytes,
	.merge = merge_bytes,
};

static struct plane_name name_float(unsigned no)
{
	return no ? (struct plane_name){ "mantissa byte ", (int)no, "" }
			  : (struct plane_name){ "exponent", -1, "" };
}

static void split_float(const struct transform_part *part, const uint8_t *raw,
	uint8_t *to, uint8_t *scratch, struct transform_planes *planes)
{
	(void)scratch;
	planes_split(raw, to, part->n_bytes / part->width, part->width, true,
		part->big_endian);
	list_planes(part, to, planes);
}

static void merge_float(const struct transform_part *part,
	const struct transform_planes *planes, uint8_t *scratch, uint8_t *out)
{
	(void)scratch;
	planes_merge(planes->at, out, part->n_bytes / part->width, part->width, true,
		part->big_endian);
}

const struct transform_ops transform_float = {
	.name = "float",
	.widths = TRANSFORM_WORDS,
	.per_byte = true,
	.value_bits = 8,
	.plane_name = name_float,
	.plane_len = transform_elements,
	.split = split_float,
	.merge = merge_float,
};
