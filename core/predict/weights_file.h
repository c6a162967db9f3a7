/* SPDX-License-Identifier: MIT */
/*
 * Weights outside of the program. As an .npz that NumPy reads, with four members of float64:
 *
 *     W1 (6, 64)   b1 (64,)   W2 (64, 1)   b2 (1,)
 *
 * so that the network is 0.2 + 0.7 / (1 + exp(-(maximum(x @ W1 + b1, 0) @ W2 + b2))). And as
 * the C source that is compiled in.
 */
#ifndef ALCM_PREDICT_WEIGHTS_FILE_H
#define ALCM_PREDICT_WEIGHTS_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "predict/predict.h"

/* -EINVAL and `diag` naming the member, the place and the value when a weight is NaN or Inf. */
int predict_weights_check(const struct predict_weights *w, struct alcm_diag *diag);

/* The .npz, stored, at `*out`, freed with mem_free(). -EINVAL: a weight is no number. -ENOMEM. */
int predict_weights_save(const struct predict_weights *w, uint8_t **out, size_t *out_len,
	struct alcm_diag *diag);

/*
 * Read such an .npz, stored or deflated, which may be anything; other members are left alone.
 * -EINVAL and `diag` naming the member and what is wrong with it: it is missing or damaged, has
 * another shape, is not of numbers, or holds NaN or Inf (which, and where). -ENOMEM.
 */
int predict_weights_load(const uint8_t *file, size_t len, struct predict_weights *out,
	struct alcm_diag *diag);

/* core/predict/weights.c with these weights; `*out` is freed with mem_free(). -ENOMEM. */
int predict_weights_source(const struct predict_weights *w, char **out);

#endif
