/* SPDX-License-Identifier: MIT */
/*
 * The values of a part of transform `grid` as doubles, and their codes. A code is right
 * only if code · scale, rounded to the type, gives the value back bit for bit.
 *
 *   float32 0.3 and scale 0.1:   k = rint(3.00000007) = 3, and 3 · 0.1 rounds to 0.3
 *   float32 0.35:                k = 3, which gives 0.3: it isn't on the grid
 */
#include "codec/grid_values.h"

#include <stddef.h>

#include "base/simd.h"
#include "tensor/values.h"

void grid_gather(const struct grid_part *part, uint32_t from, uint32_t n, double *out)
{
	(void)values_get(out, part->raw + (size_t)from * part->width, n, part->dtype,
		part->big_endian);
}

void grid_scatter(const struct grid_part *part, uint32_t from, uint32_t n,
	const double *in)
{
	values_put(part->raw + (size_t)from * part->width, in, n, part->dtype,
		part->big_endian);
}

/* No early exit: the loops vectorise, and a value off the grid is rare. Comparing floats
   treats −0 as 0; a code keeps the sign of its value. */
SIMD_CLONES bool grid_codes_of(const double *x, uint32_t n, const double *scales,
	enum dtype_id dtype, double *k)
{
	uint32_t off_grid = 0;

	for (uint32_t i = 0; i < n; i++)
		k[i] = values_rint(x[i] / scales[i]);
	if (dtype == DTYPE_F32) {
		for (uint32_t i = 0; i < n; i++)
			off_grid += (float)(k[i] * scales[i]) != (float)x[i];
	} else {
		for (uint32_t i = 0; i < n; i++)
			off_grid += values_round(k[i] * scales[i], dtype) != x[i];
	}
	return !off_grid;
}
