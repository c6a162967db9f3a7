/* SPDX-License-Identifier: MIT */
/* Quantisation with a bound on the error of every value: one grid for the whole tensor.
   Its step is twice the bound, less what rounding to the tensor's type can add. */
#ifndef ALCM_LOSSY_BOUNDED_H
#define ALCM_LOSSY_BOUNDED_H

#include "lossy/lossy_apply.h"

/*
 * Parameters for lossy_apply(), which then prunes nothing and refuses values that would
 * exceed the bound. `bound` is absolute, or `relative` to max − min of the finite values
 * (separately for the components of complex values). The shape has one channel. One pass.
 * -ENODATA: no finite values, or the bound is finer than the type's precision at the
 * largest of them; -ENOMEM, or the source's error.
 */
int bounded_fit(const struct value_source *source, const struct lossy_shape *shape,
	double bound, bool relative, struct lossy_params *out);

#endif
