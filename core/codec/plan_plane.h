/* SPDX-License-Identifier: MIT */
/*
 * Coding one plane: candidates are suggested by figures, and the smallest result is kept.
 */
#ifndef ALCM_CODEC_PLAN_PLANE_H
#define ALCM_CODEC_PLAN_PLANE_H

#include "codec/codec_state.h"
#include "codec/figures.h"

enum {
	PLAN_SMALL = 1024,               /* so short that trying everything costs nothing */
	PLAN_LARGE = 4 * FIGURES_SAMPLE, /* from here on a sample is worth its time */
};

/*
 * How far to search for matches, in rising order: only if samples have some; with a fast
 * search; with a better one if that finds many; with the fast one, and slow coders if a
 * sample favours them; always everything. A sample can't show distant matches.
 */
enum look { LOOK_SAMPLE, LOOK_ZSTD, LOOK_GOOD, LOOK_ALL, LOOK_HARD };

/* Code the n > 0 bytes at `in` to `out`, which has n bytes. `lz`: matches are likely. */
void plan_plane(struct codec *c, const uint8_t *in, uint32_t n, bool lz, enum look look,
	uint8_t *out, struct body_plane *plane);

/* Whether a fast search codes FIGURES_SAMPLE bytes from the middle of n ≥ PLAN_LARGE in
   less than `capacity`. */
bool plan_sample_shrinks(struct codec *c, const uint8_t *in, uint32_t n, size_t capacity);

#endif
