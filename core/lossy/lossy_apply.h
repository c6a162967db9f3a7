/* SPDX-License-Identifier: MIT */
/*
 * The step that all lossy profiles share once a fit has found the parameters: quantise,
 * and prune. All arithmetic is in the tensor's own type (values_round()), so values equal
 * the formulas in NumPy bit for bit.
 */
#ifndef ALCM_LOSSY_LOSSY_APPLY_H
#define ALCM_LOSSY_LOSSY_APPLY_H

#include "lossy/lossy.h"

enum { LOSSY_MAX_COMPONENTS = 2 };

/* A threshold that no magnitude is below. */
#define LOSSY_KEEP_ALL (-1.0)

/* The parameters of quantising a tensor. `scales` is owned: lossy_params_release(). */
struct lossy_params {
	double entropy;     /* E, of the predictor */
	double prune_share; /* p, of the scheduler */
	bool capped;        /* pruning p would have pruned more than a quarter */
	double thresholds[LOSSY_MAX_COMPONENTS]; /* |q| up to this becomes 0; per component */
	/* y may be this far from x; 0: no bound */
	double bounds[LOSSY_MAX_COMPONENTS];
	uint64_t n_scales;
	double *scales; /* by lossy_scale_of(); floats of the tensor's type, > 0 */
};

void lossy_params_release(struct lossy_params *params);

/*
 * y = x quantised and pruned, for values [first, first + n): x / scale rounded half to
 * even, times scale; 0 with that sign where |y| isn't above the threshold. False: x holds
 * NaN or Inf, the formula overflows, or a bound isn't kept. Then y is meaningless, and
 * the values should stay as they are.
 *
 * `again`: x may hold results of an earlier call with these parameters; they are kept.
 * Rounding alone would move those that are more than 2^(mantissa bits) scales large.
 */
bool lossy_apply(const struct lossy_params *params, const struct lossy_shape *shape,
	uint64_t first, uint32_t n, const double *x, double *y, bool again);

/* The scale of consecutive values, without a division for each. */
struct scale_walk {
	const struct lossy_shape *shape;
	const double *scales;
	uint64_t channel, within;
	unsigned component;
};

struct scale_walk scale_walk_from(const struct lossy_params *params,
	const struct lossy_shape *shape, uint64_t first);

/* The next n values quantised, not pruned. */
void scale_walk_quantise(struct scale_walk *walk, const double *x, double *q, uint32_t n);

#endif
