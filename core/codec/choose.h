/* SPDX-License-Identifier: MIT */
/*
 * Which search for matches to try on a plane, once a fast one is done: a network's
 * answer, from figures of the plane and what the fast search made of it.
 */
#ifndef ALCM_CODEC_CHOOSE_H
#define ALCM_CODEC_CHOOSE_H

#include <stdbool.h>
#include <stdint.h>

#include "codec/figures.h"
#include "codec/plan_plane.h"
#include "predict/softmax_net.h"

enum { CHOOSE_INPUTS = 17 };

/* The smallest coder that comes next; in this order they take longer. */
enum choice {
	CHOICE_NONE, /* what there is, to within some tenths of a percent */
	CHOICE_GOOD,
	CHOICE_DEFLATE,
	CHOICE_STRONG,
	N_CHOICES,
};

/* choose_weights.c, generated. */
extern const struct softmax_net choose_weights;

/*
 * What the network sees: of a plane of n bytes with the figures `f`, which coders of
 * symbols make `symbols_len` bytes of, and the fast search for matches, if that is less,
 * `fast_len`.
 */
void choose_inputs(const uint8_t *in, uint32_t n, const struct figures *f, enum look look,
	uint32_t symbols_len, uint32_t fast_len, float inputs[CHOOSE_INPUTS]);

/* Which to try. */
void choose_matches(const float inputs[CHOOSE_INPUTS], bool tries[N_CHOICES]);

#endif
