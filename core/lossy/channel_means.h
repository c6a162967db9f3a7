/* SPDX-License-Identifier: MIT */
/* The mean of each channel, in the tensor's own arithmetic and numpy.mean()'s order. */
#ifndef ALCM_LOSSY_CHANNEL_MEANS_H
#define ALCM_LOSSY_CHANNEL_MEANS_H

#include "lossy/lossy.h"

/*
 * means[i], for each of lossy_n_scales(shape): T[c].mean() bit for bit, separately for
 * components. NumPy adds pieces of 8192 one after the other, and each of them pairwise:
 * halves down to blocks of at most 128, which are added in eight lanes. float16 is added
 * as float32; so is bfloat16, which NumPy doesn't have. In Fortran order values are taken
 * in the order of the file, as NumPy does.
 *
 * NaN and Inf are left out. One pass over the source. -ENOMEM, or the source's error.
 */
int channel_means(const struct value_source *source, const struct lossy_shape *shape,
	double *means);

#endif
