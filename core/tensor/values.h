/* SPDX-License-Identifier: MIT */
/* Numbers of any element type as doubles, and floats of any type from doubles. */
#ifndef ALCM_TENSOR_VALUES_H
#define ALCM_TENSOR_VALUES_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#include "tensor/dtype.h"

/*
 * Convert `n` numbers at `in` to doubles; 64-bit integers are rounded. False: the type has no values
 * to us (opaque, bool, floats wider than 64 bits).
 */
bool values_get(double *out, const uint8_t *in, unsigned n, enum dtype_id dtype, bool big_endian);

/*
 * The float of the given type (f16, bf16, f32, f64) nearest to `v`, ties to even, as a double.
 *
 * One operation (+ − × ÷) on two floats of such a type, done in double and rounded by this, gives
 * what the type's own arithmetic gives: a double has more than 2p + 2 bits for the p of each
 * narrower type (Figueroa 1995).
 */
double values_round(double v, enum dtype_id dtype);

/*
 * rint() in the default rounding mode, the sign of zero included, as arithmetic that vectorises where
 * the machine has no instruction for it: adding 1.5 · 2^52 leaves no bits for a fraction.
 */
static inline double values_rint(double v)
{
	const double magic = 0x1.8p52;
	double a = fabs(v), r = (a + magic) - magic;

	return copysign(a < 0x1p51 ? r : rint(a), v);
}

/* Store doubles that are floats of the given type (values_round() gave them). */
void values_put(uint8_t *out, const double *in, unsigned n, enum dtype_id dtype, bool big_endian);

#endif
