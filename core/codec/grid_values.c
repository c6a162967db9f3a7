/* SPDX-License-Identifier: MIT */
#include "codec/grid_values.h"

#include <string.h>

#include "base/simd.h"
#include "tensor/values.h"

void grid_gather(const struct grid_part *part, const struct grid_segment *s, uint32_t from,
	uint32_t n, double *out)
{
	const uint8_t *at = part->raw + (s->start + (size_t)from * s->stride) * part->width;
	uint8_t bytes[GRID_BLOCK * 8];

	if (s->stride != 1) {
		for (uint32_t i = 0; i < n; i++)
			memcpy(bytes + i * part->width, at + (size_t)i * s->stride * part->width,
				part->width);
		at = bytes;
	}
	(void)values_get(out, at, n, part->dtype, part->big_endian);
}

void grid_scatter(const struct grid_part *part, const struct grid_segment *s, uint32_t from,
	uint32_t n, const double *in)
{
	uint8_t *at = part->raw + (s->start + (size_t)from * s->stride) * part->width;
	uint8_t bytes[GRID_BLOCK * 8];

	values_put(s->stride == 1 ? at : bytes, in, n, part->dtype, part->big_endian);
	if (s->stride == 1)
		return;
	for (uint32_t i = 0; i < n; i++)
		memcpy(at + (size_t)i * s->stride * part->width, bytes + i * part->width,
			part->width);
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
