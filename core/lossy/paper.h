/* SPDX-License-Identifier: MIT */
/*
 * The paper's gradient encoder ("Gradient encoder"): quantisation with a scale per channel, and
 * pruning. All arithmetic is the tensor's own (values_round()), so that the values equal, bit for bit,
 * what the formulas give in NumPy.
 */
#ifndef ALCM_LOSSY_PAPER_H
#define ALCM_LOSSY_PAPER_H

#include "alcm.h"
#include "lossy/lossy.h"

enum { PAPER_MAX_COMPONENTS = 2 };

/* A threshold that nothing is below of. */
#define PAPER_KEEP_ALL (-1.0)

/* What quantising a tensor needs to know about it. `scales` is owned: paper_release(). */
struct paper_params {
	double entropy;     /* E, of the predictor */
	double prune_share; /* p, of the scheduler */
	bool capped;        /* pruning p would have dropped more than a quarter */
	double thresholds[PAPER_MAX_COMPONENTS]; /* |q| up to this becomes 0; per component */
	double bounds[PAPER_MAX_COMPONENTS]; /* y may be this far from x; 0: there is no bound */
	uint64_t n_scales;
	double *scales; /* by lossy_scale_of(); floats of the tensor's type, > 0 */
};

/*
 * scale = |mean of the channel| · E, at least 1e-8 (float16: the smallest number above 0); threshold =
 * the 100·p-th percentile of |q| over the whole tensor, linear between neighbours, or the 25th if
 * more than a quarter is not above it. NaN and Inf are left out.
 *
 * A pass over the source for the means, and one for zeros at both percentiles, or some (order_stats.h). -ENOMEM, -ENODATA: no
 * finite values; or the source's error. On failure nothing needs releasing.
 */
int paper_fit(const struct value_source *source, const struct lossy_shape *shape, double entropy,
	double prune_share, struct paper_params *out);

void paper_release(struct paper_params *params);

/*
 * y = x quantised and pruned, for values [first, first + n): round half to even of x / scale, times
 * scale; 0 with the sign of that where |y| is not above the threshold. False: x holds NaN or Inf,
 * the formula overflows, or a bound is not kept; then y means nothing, and the values should stay as
 * they are.
 *
 * `again`: x may hold results of an earlier call with these parameters, which are left as they are
 * (round half to even alone would move those that are more than 2^(mantissa bits) scales large).
 */
bool paper_apply(const struct paper_params *params, const struct lossy_shape *shape,
	uint64_t first, uint32_t n, const double *x, double *y, bool again);

#endif
