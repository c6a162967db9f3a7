/* SPDX-License-Identifier: MIT */
/*
 * The paper's six statistics in one streaming pass, mergeable across chunks (Chan, Golub
 * and LeVeque 1979; Pébay 2008 for the third and fourth moments), in double precision.
 */
#ifndef ALCM_TENSOR_STATS_H
#define ALCM_TENSOR_STATS_H

#include <stdint.h>

#include "alcm.h"
#include "tensor/span.h"

/* Sums over values seen so far. All zero = nothing seen. */
struct moments {
	uint64_t n;            /* finite values */
	uint64_t n_nan, n_inf; /* counted, left out of everything else */
	uint64_t n_sparse;     /* |x| < 1e-6 */
	/* mean and central sums Σ(x−mean)^k over the finite values */
	double mean, m2, m3, m4;
	double min, max; /* meaningless while n is 0 */
};

/*
 * Add the values of `span`, whose bytes are at `data`. Opaque and boolean spans and
 * floats of 80 and 128 bits add nothing; complex values count as two. Integers of 64 bits
 * are rounded to double.
 */
void moments_add(struct moments *m, const uint8_t *data, const struct span *span);

/* Merge the moments of two sets of values into m. */
void moments_merge(struct moments *m, const struct moments *other);

/*
 * The paper's features: population variance, σ taken as 1e-8 where the variance is 0,
 * kurtosis not excess, sparsity the share of |x| < 1e-6. All 0 when m->n is 0.
 */
void moments_stats(const struct moments *m, struct alcm_stats *out);

#endif
