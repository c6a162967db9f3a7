/* SPDX-License-Identifier: MIT */
/*
 * The paper's entropy predictor, forward only. Features aren't scaled, so extreme
 * statistics are limited to keep the sums finite.
 *
 *   six statistics x ─► 64 units h = max(0, W1 x + b1) ─► z = W2 h + b2
 *   predicted entropy = 0.2 + 0.7 / (1 + e^−z)
 *
 * An overflowing e^−z is infinity, and the result 0.2: the right limit, so z needs none.
 * tools/lab trains with predict_forward(), which is why it hands out the hidden units.
 */
#include <math.h>

#include "predict/predict.h"

/* Keeps sums finite however large the statistics are. */
#define FEATURE_LIMIT 1e30

void predict_features(const struct alcm_stats *s, double features[PREDICT_INPUTS])
{
	const double in[PREDICT_INPUTS] = { s->mean, s->variance, s->stddev, s->skewness,
		s->kurtosis, s->sparsity };

	for (int i = 0; i < PREDICT_INPUTS; i++)
		features[i] = in[i];
}

/* Also turns NaN into 0, as a predicted entropy must never be NaN. */
static double bounded(double v)
{
	if (isnan(v))
		return 0;
	return fmax(-FEATURE_LIMIT, fmin(FEATURE_LIMIT, v));
}

double predict_forward(const struct predict_weights *w,
	const double features[PREDICT_INPUTS], double hidden[PREDICT_HIDDEN])
{
	double z = w->b2;

	for (int h = 0; h < PREDICT_HIDDEN; h++) {
		double sum = w->b1[h];

		for (int i = 0; i < PREDICT_INPUTS; i++)
			sum += w->w1[h][i] * bounded(features[i]);
		hidden[h] = sum > 0 ? sum : 0;
		z += w->w2[h] * hidden[h];
	}
	return z;
}

double predict_entropy(const struct predict_weights *w,
	const double features[PREDICT_INPUTS])
{
	double hidden[PREDICT_HIDDEN], z = predict_forward(w, features, hidden);

	/* Weights of somebody's own can be so large that infinities cancel. */
	return 0.2 + 0.7 / (1 + (isnan(z) ? 1 : exp(-z)));
}
