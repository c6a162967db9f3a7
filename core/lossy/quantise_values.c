/* SPDX-License-Identifier: MIT */
/*
 * Quantising a run of values with one scale, in the arithmetic of their type: NumPy's
 * rint(x / scale) * scale on an array of that type, bit for bit.
 *
 * float32 division in floats equals division in doubles that is rounded to float, so the
 * fast loop gives what quantise_value() gives (values_round() in tensor/values.h).
 */
#include "lossy/quantise_values.h"

#include "base/simd.h"

/* float32 uses float arithmetic directly; narrower types are rounded after each
   operation. */
SIMD_CLONES static void quantise_floats(const double *x, double *q, uint32_t n,
	float scale)
{
	for (uint32_t i = 0; i < n; i++)
		q[i] = values_rintf((float)x[i] / scale) * scale;
}

SIMD_CLONES static void quantise_doubles(const double *x, double *q, uint32_t n,
	double scale)
{
	for (uint32_t i = 0; i < n; i++)
		q[i] = values_rint(x[i] / scale) * scale;
}

void quantise_values(const double *x, double *q, uint32_t n, double scale,
	enum dtype_id dtype)
{
	if (dtype == DTYPE_F32) {
		quantise_floats(x, q, n, (float)scale);
	} else if (dtype == DTYPE_F64) {
		quantise_doubles(x, q, n, scale);
	} else {
		for (uint32_t i = 0; i < n; i++)
			q[i] = quantise_value(x[i], scale, dtype);
	}
}
