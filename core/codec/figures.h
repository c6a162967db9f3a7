/* SPDX-License-Identifier: MIT */
/* Cheap figures of data, to decide which coders are worth trying. */
#ifndef ALCM_CODEC_FIGURES_H
#define ALCM_CODEC_FIGURES_H

#include <stdbool.h>
#include <stdint.h>

enum { FIGURES_SAMPLE = 8 << 10 };

/* Entropies above this many bits per byte are not worth a coder. */
#define FIGURES_NOISE_BITS 7.92

/* Exact for few bytes, from a sample for many. A count is 0 only if the symbol doesn't
   occur. */
struct figures {
	uint32_t counts[256];
	double entropy;    /* order 0, bits per byte */
	double chance;     /* that two bytes are equal */
	double run_excess; /* share of bytes equal to the one before, divided by that */
};

void figures_measure(const uint8_t *in, uint32_t n, struct figures *f); /* n > 0 */

/*
 * Whether more bytes equal the one before than by chance, which is n · chance ± its root.
 */
bool figures_have_runs(const struct figures *f, uint32_t n);

/*
 * Whether pieces spread over the plane look like noise. Of so few bytes the entropy comes
 * out low by 255 / (2 · FIGURES_SAMPLE · ln 2) = 0.02 bits even for noise (Miller 1955);
 * the limit leaves room for that.
 */
bool figures_noise_in_sample(const uint8_t *in, uint32_t n);

/* Shares of anchors that were seen before in this part: by four bytes, and by eight. */
struct repeats {
	double fours, eights;
};

/* Anchors are chosen by their content, so a repeated row has the same ones. With few
   different values, four bytes repeat by chance; eight that repeat say more. */
void figures_repeats(const uint8_t *in, uint32_t n, unsigned width, struct repeats *out);

#endif
