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

/* core/predict/weights.c with these weights; `*out` is freed with mem_free(). -ENOMEM. */
int predict_weights_source(const struct predict_weights *w, char **out);

#endif
