/* SPDX-License-Identifier: MIT */
/* One code from the range decoder, by the table of its scale (docs/format.md, section 3.4). */
#ifndef ALCM_CODEC_DENSITY_CODE_H
#define ALCM_CODEC_DENSITY_CODE_H

#include <math.h>

#include "codec/density.h"
#include "coder/range.h"

enum { DENSITY_RAW_BITS = 14 }; /* of an offset, coded at a time */

static inline uint64_t density_get_offset(struct range_decoder *in, uint64_t n)
{
	unsigned low_bits = 0;
	uint64_t v = 0;

	while ((n - 1) >> low_bits >> DENSITY_RAW_BITS)
		low_bits++;
	if ((n - 1) >> low_bits) {
		v = range_decode_at(in, (uint32_t)((n - 1) >> low_bits) + 1);
		range_decode_take(in, (uint32_t)v, 1);
	}
	while (low_bits) {
		unsigned bits = low_bits < DENSITY_RAW_BITS ? low_bits : DENSITY_RAW_BITS;
		uint32_t piece = range_decode_at(in, 1u << bits);

		range_decode_take(in, piece, 1);
		v = v << bits | piece;
		low_bits -= bits;
	}
	return v < n ? v : n - 1;
}

static inline double density_get_code(struct range_decoder *in, const struct density_table *t,
	const uint8_t first[DENSITY_BUCKETS])
{
	unsigned symbol = density_symbol_at(t, first, range_decode_at(in, DENSITY_TOTAL));

	range_decode_take(in, t->start[symbol], t->start[symbol + 1] - t->start[symbol]);
	if (symbol < 2)
		return symbol ? -0.0 : 0.0;

	unsigned b = symbol - 2;
	uint64_t v = density_get_offset(in, 2 * (uint64_t)(t->below[b + 1] - t->below[b]));
	double k = t->below[b] + 1 + (double)(v >> 1);

	return v & 1 ? -k : k;
}

#endif
