/* SPDX-License-Identifier: MIT */
/*
 * Weights outside of the program: a text of 513 numbers with white space between them.
 * They are, row by row, the matrices and vectors
 *
 *     W1 (6, 64)   b1 (64)   W2 (64, 1)   b2 (1)
 *
 * of the network 0.2 + 0.7 / (1 + exp(-(maximum(x @ W1 + b1, 0) @ W2 + b2))). From # to
 * the end of a line is comment. numpy.loadtxt() reads such a text, and numpy.savetxt()
 * writes one.
 */
#ifndef ALCM_PREDICT_WEIGHTS_TEXT_H
#define ALCM_PREDICT_WEIGHTS_TEXT_H

#include "predict/predict.h"

enum { WEIGHTS_N = PREDICT_HIDDEN * (PREDICT_INPUTS + 2) + 1 };

/* The weights in the text's order. */
void weights_to_values(const struct predict_weights *w, double values[WEIGHTS_N]);

/* -EINVAL when a weight is NaN or Inf; `diag` names it and its value. */
int weights_check(const struct predict_weights *w, struct alcm_diag *diag);

/* Read such a text, of any content. -EINVAL, and `diag` names the fault: a line without a
   number, a wrong count, or a weight that is NaN or Inf. */
int weights_parse(const char *text, struct predict_weights *out, struct alcm_diag *diag);

#endif
