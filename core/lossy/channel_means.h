/* SPDX-License-Identifier: MIT */
/* The mean of each channel, in the tensor's own arithmetic, as numpy.mean() adds. */
#ifndef ALCM_LOSSY_CHANNEL_MEANS_H
#define ALCM_LOSSY_CHANNEL_MEANS_H

#include "lossy/lossy.h"

/*
 * means[i], for each of lossy_n_scales(shape): T[c].mean() bit for bit, for components by
 * themselves. NumPy adds pieces of 8192 one after the other, each of them pairwise:
 * halves down to blocks of at most 128, which are added in eight lanes. float16 is added
 * as float32, and bfloat16, which NumPy hasn't got, is done in the same way. Fortran
 * order: in the order of the file, as NumPy goes through such an array.
 *
 * NaN and Inf count as absent. One pass over the source. -ENOMEM, or the source's error.
 */
int channel_means(const struct value_source *source, const struct lossy_shape *shape,
	double *means);

#endif
