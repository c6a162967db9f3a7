/* SPDX-License-Identifier: MIT */
/* Which search for matches to try on a plane after a fast one. A network decides, from
   figures of the plane and the fast search's result. */
#ifndef ALCM_CODEC_CHOOSE_H
#define ALCM_CODEC_CHOOSE_H

#include <stdbool.h>
#include <stdint.h>

#include "codec/figures.h"
#include "codec/plan_plane.h"
#include "predict/softmax_net.h"

enum { CHOOSE_INPUTS = 17 };

/* The search after the fast one that is worth trying. Each takes longer than the one
   before. */
enum choice {
	CHOICE_NONE, /* the fast search's result is within some tenths of a percent */
	CHOICE_GOOD,
	CHOICE_DEFLATE,
	CHOICE_STRONG,
	N_CHOICES,
};

/* choose_weights.c, generated. */
extern const struct softmax_net choose_weights;

/*
 * The network's inputs for a plane of n bytes with the figures `f`. `symbols_len`: its
 * length by coders of symbols. `fast_len`: its length by the fast search, if that is
 * less.
 */
void choose_inputs(const uint8_t *in, uint32_t n, const struct figures *f, enum look look,
	uint32_t symbols_len, uint32_t fast_len, float inputs[CHOOSE_INPUTS]);

/* Which to try. */
void choose_matches(const float inputs[CHOOSE_INPUTS], bool tries[N_CHOICES]);

#endif
