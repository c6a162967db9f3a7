/* SPDX-License-Identifier: MIT */
/* How one plane is coded: by the candidates that its figures suggest, of which the
   smallest is kept. */
#ifndef ALCM_CODEC_PLAN_PLANE_H
#define ALCM_CODEC_PLAN_PLANE_H

#include "codec/codec_state.h"
#include "codec/figures.h"

enum {
	PLAN_SMALL = 1024,               /* headers: everything is tried, it costs nothing */
	PLAN_LARGE = 4 * FIGURES_SAMPLE, /* from here on a sample is worth its time */
};

/*
 * How far to look for matches: where samples have some; with a fast search; and a better
 * one if that finds many; with the fast one, and slow coders if a sample likes them; all
 * of it. Matches at any distance are nothing that a sample could show.
 */
enum look { LOOK_SAMPLE, LOOK_ZSTD, LOOK_GOOD, LOOK_ALL, LOOK_HARD };

/* Code the n > 0 bytes at `in` to `out`, which has as much room. `lz`: matches are
   likely. */
void plan_plane(struct codec *c, const uint8_t *in, uint32_t n, bool lz, enum look look,
	uint8_t *out, struct body_plane *plane);

/* Whether matches make less than `capacity` of FIGURES_SAMPLE bytes from the middle of n
   ≥ PLAN_LARGE. */
bool plan_sample_shrinks(struct codec *c, const uint8_t *in, uint32_t n, size_t capacity);

#endif
