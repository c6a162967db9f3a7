/* SPDX-License-Identifier: MIT */
/* The error that a lossy profile made: sums that merge, and figures from them. */
#ifndef ALCM_LOSSY_DISTORTION_H
#define ALCM_LOSSY_DISTORTION_H

#include <stdint.h>

#include "alcm.h"

/* Over values x that became y. All zero = none yet. */
struct distortion {
	uint64_t n;
	uint64_t n_pruned;          /* x ≠ 0 and y = 0 by pruning */
	double sq_error, abs_error; /* Σ(x−y)², Σ|x−y| */
	double max_error;           /* max |x−y| */
	double sq_value;            /* Σx² */
	double min, max;            /* of x; meaningless while n is 0 */
};

void distortion_add(struct distortion *d, const double *x, const double *y, uint32_t n);

/* Add the sums of `other` to d. */
void distortion_merge(struct distortion *d, const struct distortion *other);

/* MSE, MAE, maximal error, relative L2 error ‖x−y‖/‖x‖ (0 if all values are 0), and PSNR
   in dB with the range max − min as the peak (infinite without an error). */
void distortion_figures(const struct distortion *d, struct alcm_distortion *out);

#endif
