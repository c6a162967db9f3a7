/* SPDX-License-Identifier: MIT */
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
