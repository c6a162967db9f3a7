/* SPDX-License-Identifier: MIT */
/*
 * Transforms `bits` and `bit planes` (docs/format.md, section 3.1, numbers 5 and 6): bits
 * gathered from eight bytes at a time, in 64-bit arithmetic. The inverse spreads a byte's
 * bits in the same way.
 *
 *   bits         01 00 01 01 00 00 00 00  →  0d            one bit of each byte
 *   bit planes   80 81 00 00 00 00 00 00  →  03 0 … 0 02   plane 0 has the highest bits
 *
 * Eight bytes are always loaded as a little-endian integer, so that the first byte is the
 * lowest on every machine. A tail of less than eight bytes is padded with zeros; the
 * decoder ignores the bits that the padding gave.
 */
#include "transform/bits.h"

#include <string.h>

#include "base/le.h"
#include "transform/transform_table.h"

/*
 * Multiplying by this gathers the lowest bit of each of eight bytes in the highest byte.
 *
 * Its bits are 7, 14, …, 56. Byte i's bit stands at 8i, so the product has the bits
 * 8i + 7k for k = 1 … 8. No two pairs (i, k) give the same bit, so nothing carries. Only
 * k = 8 − i falls into the highest byte, at bit 56 + i; what lies above is cut off.
 */
#define GATHER 0x0102040810204080u

/* Blocks of 64 without a branch vectorise; most data fails in the first one. */
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

/* The highest bit of each of eight bytes; that of the first byte is the lowest. */
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
		/* What a shift moves into the next byte would be its highest bit after eight
		   shifts; there are seven. */
		for (unsigned p = 0; p < 8; p++, v <<= 1)
			planes[p * len + i] = high_bits(v);
	}
}

/* Spread eight bits over the lowest bits of eight bytes, the lowest bit to the first
   byte. */
static uint64_t spread_bits(uint8_t bits)
{
	/* Eight copies of the byte; each keeps one of its bits. */
	uint64_t v = bits * 0x0101010101010101u & 0x8040201008040201u;

	/* The addition sets the highest bit of each byte that isn't 0; the shift moves it to
	   the lowest. A byte is at most 0x80, and 0x80 + 0x7f doesn't carry. */
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

/* ---- rows of the table ------------------------------------------------------------- */

static uint32_t plane_len(const struct transform_part *part, unsigned no,
	const struct transform_planes *before)
{
	(void)no, (void)before;
	return (uint32_t)bits_bytes(part->n_bytes);
}

static struct plane_name name_bits(unsigned no)
{
	(void)no;
	return (struct plane_name){ "bits", -1, "" };
}

static void pack_part(const struct transform_part *part, const uint8_t *raw, uint8_t *to,
	uint8_t *scratch, struct transform_planes *planes)
{
	(void)scratch;
	bits_pack(raw, part->n_bytes, to);
	planes->at[0] = to;
	planes->len[0] = (uint32_t)bits_bytes(part->n_bytes);
}

static void unpack_part(const struct transform_part *part,
	const struct transform_planes *planes, uint8_t *scratch, uint8_t *out)
{
	(void)scratch;
	bits_unpack(planes->at[0], part->n_bytes, out);
}

const struct transform_ops transform_bits = {
	.name = "bits",
	.widths = 1u << 1,
	.n_planes = 1,
	.value_bits = 8,
	.plane_name = name_bits,
	.plane_len = plane_len,
	.split = pack_part,
	.merge = unpack_part,
};

static struct plane_name name_bit_plane(unsigned no)
{
	return (struct plane_name){ "bit ", 7 - (int)no, "" };
}

static void split_bits(const struct transform_part *part, const uint8_t *raw, uint8_t *to,
	uint8_t *scratch, struct transform_planes *planes)
{
	uint32_t len = (uint32_t)bits_bytes(part->n_bytes);

	(void)scratch;
	bits_split(raw, part->n_bytes, to);
	for (unsigned p = 0; p < 8; p++) {
		planes->at[p] = to + (size_t)p * len;
		planes->len[p] = len;
	}
}

static void merge_bits(const struct transform_part *part,
	const struct transform_planes *planes, uint8_t *scratch, uint8_t *out)
{
	(void)scratch;
	bits_merge(planes->at, part->n_bytes, out);
}

const struct transform_ops transform_bit_planes = {
	.name = "bit planes",
	.widths = 1u << 1,
	.n_planes = 8,
	.value_bits = 1,
	.plane_name = name_bit_plane,
	.plane_len = plane_len,
	.split = split_bits,
	.merge = merge_bits,
};
