/* SPDX-License-Identifier: MIT */
/* The parameters of the paper's gradient encoder ("Gradient encoder"): a scale per
   channel, and a threshold. */
#ifndef ALCM_LOSSY_PAPER_H
#define ALCM_LOSSY_PAPER_H

#include "lossy/lossy_apply.h"

/*
 * scale = |mean of the channel| · E, at least 1e-8 (float16: the smallest number above
 * 0). threshold = the 100·p-th percentile of |q| over the whole tensor, linear between
 * neighbours; or the 25th, if more than a quarter would not be above it. NaN and Inf are
 * left out.
 *
 * One pass over the source for the means. One more if both percentiles are zeros, else
 * some (order_stats.h). -ENOMEM, -ENODATA: no finite values; or the source's error. On
 * failure nothing needs releasing.
 */
int paper_fit(const struct value_source *source, const struct lossy_shape *shape,
	double entropy, double prune_share, struct lossy_params *out);

#endif
