/* SPDX-License-Identifier: MIT */
/* The paper's quantisation of values that have one scale. */
#ifndef ALCM_LOSSY_QUANTISE_VALUES_H
#define ALCM_LOSSY_QUANTISE_VALUES_H

#include <stdint.h>

#include "tensor/dtype.h"
#include "tensor/values.h"

/* q = round half to even of x / scale, times scale, in the type's own arithmetic. */
static inline double quantise_value(double x, double scale, enum dtype_id dtype)
{
	return values_round(values_rint(values_round(x / scale, dtype)) * scale, dtype);
}

/* The same for n values. `q` may be `x`. */
void quantise_values(const double *x, double *q, uint32_t n, double scale,
	enum dtype_id dtype);

#endif
