/* SPDX-License-Identifier: MIT */
/* Counts of byte values. */
#ifndef ALCM_CODER_HISTOGRAM_H
#define ALCM_CODER_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

enum {
	/* bytes; the sample has one such piece in each HISTOGRAM_SPACING bytes */
	HISTOGRAM_PIECE = 64,
	HISTOGRAM_SPACING = 256,
};

void histogram_of(const uint8_t *in, size_t n, uint32_t counts[256]);

/* Start of the piece in the k-th HISTOGRAM_SPACING bytes. It varies, so that periodic
   data isn't sampled in step. */
static inline size_t histogram_piece(size_t k)
{
	return k * HISTOGRAM_SPACING +
		(uint32_t)(k * 2654435761u) / HISTOGRAM_PIECE %
		(HISTOGRAM_SPACING / HISTOGRAM_PIECE) * HISTOGRAM_PIECE;
}

/* Estimated counts from a sample of n ≥ HISTOGRAM_SPACING bytes; about four times as
   fast. A count is 0 exactly if the symbol doesn't occur. The sum is about n. */
void histogram_estimate(const uint8_t *in, size_t n, uint32_t counts[256]);

#endif
