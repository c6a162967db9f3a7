/* SPDX-License-Identifier: MIT */
/*
 * The paper's neural entropy predictor: 6 → 64 (ReLU) → 1 (sigmoid) → 0.2 + 0.7·a, on the
 * six statistics, unscaled, in the order mean, variance, σ, skewness, kurtosis, sparsity.
 */
#ifndef ALCM_PREDICT_PREDICT_H
#define ALCM_PREDICT_PREDICT_H

#include "alcm.h"

enum { PREDICT_INPUTS = 6, PREDICT_HIDDEN = 64 };

struct predict_weights {
	double w1[PREDICT_HIDDEN][PREDICT_INPUTS], b1[PREDICT_HIDDEN];
	double w2[PREDICT_HIDDEN], b2;
};

/* The public interface's handle. */
struct alcm_predictor {
	struct predict_weights weights;
};

/* The compiled-in weights (weights.c, generated). */
extern const struct predict_weights predict_default_weights;

/* The six inputs in the network's order. */
void predict_features(const struct alcm_stats *stats, double features[PREDICT_INPUTS]);

/* The argument of the sigmoid, and the value of each hidden unit on the way. */
double predict_forward(const struct predict_weights *w,
	const double features[PREDICT_INPUTS], double hidden[PREDICT_HIDDEN]);

/* Predicted entropy, 0.2 … 0.9; never NaN, whatever the features are. */
double predict_entropy(const struct predict_weights *w,
	const double features[PREDICT_INPUTS]);

#endif
