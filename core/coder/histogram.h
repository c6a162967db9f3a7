/* SPDX-License-Identifier: MIT */
/* How often each byte occurs. */
#ifndef ALCM_CODER_HISTOGRAM_H
#define ALCM_CODER_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

enum {
	/* bytes; a sample is one such piece of each HISTOGRAM_SPACING bytes */
	HISTOGRAM_PIECE = 64,
	HISTOGRAM_SPACING = 256,
};

void histogram_of(const uint8_t *in, size_t n, uint32_t counts[256]);

/* Where the piece of the k-th HISTOGRAM_SPACING bytes begins: not in step with what has
   periods. */
static inline size_t histogram_piece(size_t k)
{
	return k * HISTOGRAM_SPACING +
		(uint32_t)(k * 2654435761u) / HISTOGRAM_PIECE %
		(HISTOGRAM_SPACING / HISTOGRAM_PIECE) * HISTOGRAM_PIECE;
}

/*
 * The same from a sample, of n ≥ HISTOGRAM_SPACING bytes; about four times as fast. No
 * symbol that occurs has a count of 0, and none that doesn't another. Sums to about n.
 */
void histogram_estimate(const uint8_t *in, size_t n, uint32_t counts[256]);

#endif
