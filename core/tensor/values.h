/* SPDX-License-Identifier: MIT */
/* Conversion of numbers of any element type to doubles, and of doubles to floats of any
   type. */
#ifndef ALCM_TENSOR_VALUES_H
#define ALCM_TENSOR_VALUES_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#include "tensor/dtype.h"

/* Convert `n` numbers at `in` to doubles; 64-bit integers are rounded. False: the type
   has no numbers here (opaque, bool, floats wider than 64 bits). */
bool values_get(double *out, const uint8_t *in, unsigned n, enum dtype_id dtype,
	bool big_endian);

/*
 * The float of the given type (f16, bf16, f32, f64) nearest to `v`, ties to even, as a
 * double.
 *
 * One operation (+ − × ÷) on two floats of such a type, done in double and rounded by
 * this, gives what the type's own arithmetic gives: a double has more than 2p + 2 bits
 * for the p of each narrower type (Figueroa 1995).
 */
double values_round(double v, enum dtype_id dtype);

/*
 * rint() in the default rounding mode, the sign of zero included, as arithmetic that
 * vectorises where the machine has no such instruction. Adding 2^52 to smaller values
 * leaves no bits for a fraction; larger values have no fraction.
 */
static inline double values_rint(double v)
{
	double a = fabs(v), r = (a + 0x1p52) - 0x1p52;

	return copysign(a < 0x1p52 ? r : a, v);
}

/* The same for floats. */
static inline float values_rintf(float v)
{
	float a = fabsf(v), r = (a + 0x1p23f) - 0x1p23f;

	return copysignf(a < 0x1p23f ? r : a, v);
}

/* Store doubles as floats of the given type, rounded as values_round() does. */
void values_put(uint8_t *restrict out, const double *restrict in, unsigned n,
	enum dtype_id dtype, bool big_endian);

#endif
