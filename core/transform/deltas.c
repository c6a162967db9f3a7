/* SPDX-License-Identifier: MIT */
/*
 * Transform `deltas` (docs/format.md, section 3.1, number 7): differences of neighbours,
 * then transform `bytes` on them. With the sign in the lowest bit, small differences of
 * either sign have zero bytes in front, which make planes that code to almost nothing.
 *
 *   elements            5   7    6          of two bytes
 *   differences d       5   2   −1          the first is against 0
 *   z (zigzag)         10   4    1          2d, or −2d − 1 if d is negative
 *   planes      00 00 00 | 0a 04 01
 *
 * Both steps are bijections modulo 2^bits. So all input comes back exactly: a difference
 * that overflows wraps, and wraps back when it is added.
 */
#include "transform/deltas.h"

#include <string.h>

#include "transform/transform_table.h"

/*
 * Loops for each width. Arithmetic is unsigned, so it wraps without undefined behaviour;
 * the casts undo C's promotion of 16 bits to int. swap() converts between the machine's
 * order and the asked one, in either direction. undo() reads each element before it
 * writes there, so it works in place.
 */
#define DEFINE_KERNELS(bits)                                                    \
	static inline uint##bits##_t swap##bits(uint##bits##_t v, bool to_big)      \
	{                                                                           \
		return to_big == (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)            \
			? __builtin_bswap##bits(v)                                          \
			: v;                                                                \
	}                                                                           \
                                                                                \
	static void make##bits(const uint8_t *in, uint8_t *out, size_t n, bool big) \
	{                                                                           \
		uint##bits##_t before = 0;                                              \
                                                                                \
		for (size_t i = 0; i < n; i++) {                                        \
			uint##bits##_t v, d;                                                \
                                                                                \
			memcpy(&v, in + i * sizeof(v), sizeof(v));                          \
			v = swap##bits(v, big);                                             \
			d = (uint##bits##_t)(v - before);                                   \
			before = v;                                                         \
			d = (uint##bits##_t)((uint##bits##_t)(d << 1) ^                     \
				(uint##bits##_t)(0 - (d >> (bits - 1))));                       \
			d = swap##bits(d, false);                                           \
			memcpy(out + i * sizeof(d), &d, sizeof(d));                         \
		}                                                                       \
	}                                                                           \
                                                                                \
	static void undo##bits(uint8_t *bytes, size_t n, bool big)                  \
	{                                                                           \
		uint##bits##_t v = 0;                                                   \
                                                                                \
		for (size_t i = 0; i < n; i++) {                                        \
			uint##bits##_t d, stored;                                           \
                                                                                \
			memcpy(&d, bytes + i * sizeof(d), sizeof(d));                       \
			d = swap##bits(d, false);                                           \
			v = (uint##bits##_t)(v +                                            \
				(uint##bits##_t)((d >> 1) ^ (uint##bits##_t)(0 - (d & 1))));    \
			stored = swap##bits(v, big);                                        \
			memcpy(bytes + i * sizeof(v), &stored, sizeof(v));                  \
		}                                                                       \
	}

DEFINE_KERNELS(16)
DEFINE_KERNELS(32)
DEFINE_KERNELS(64)

void deltas_make(const uint8_t *in, uint8_t *out, size_t n, unsigned width, bool big)
{
	if (width == 2)
		make16(in, out, n, big);
	else if (width == 4)
		make32(in, out, n, big);
	else
		make64(in, out, n, big);
}

void deltas_undo(uint8_t *bytes, size_t n, unsigned width, bool big)
{
	if (width == 2)
		undo16(bytes, n, big);
	else if (width == 4)
		undo32(bytes, n, big);
	else
		undo64(bytes, n, big);
}

/* ---- row of the table: bytes of the differences ------------------------------------ */

static struct plane_name name_plane(unsigned no)
{
	return (struct plane_name){ "byte ", (int)no, " of differences" };
}

/* Differences are little-endian already, whatever the elements are. The byte split reads
   them from `scratch`, so it needs no scratch memory itself. */
static void split(const struct transform_part *part, const uint8_t *raw, uint8_t *to,
	uint8_t *scratch, struct transform_planes *planes)
{
	const struct transform_part little = { part->n_bytes, part->width, false };

	deltas_make(raw, scratch, part->n_bytes / part->width, part->width, part->big_endian);
	transform_bytes.split(&little, scratch, to, NULL, planes);
}

static void merge(const struct transform_part *part,
	const struct transform_planes *planes, uint8_t *scratch, uint8_t *out)
{
	const struct transform_part little = { part->n_bytes, part->width, false };

	transform_bytes.merge(&little, planes, scratch, out);
	deltas_undo(out, part->n_bytes / part->width, part->width, part->big_endian);
}

const struct transform_ops transform_deltas = {
	.name = "deltas",
	.widths = TRANSFORM_WORDS,
	.per_byte = true,
	.value_bits = 8,
	.plane_name = name_plane,
	.plane_len = transform_elements,
	.split = split,
	.merge = merge,
};
