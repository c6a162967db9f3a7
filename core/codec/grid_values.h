/* SPDX-License-Identifier: MIT */
/* The values of a part of transform `grid`, and their codes. */
#ifndef ALCM_CODEC_GRID_VALUES_H
#define ALCM_CODEC_GRID_VALUES_H

#include <stdbool.h>
#include <stdint.h>

#include "tensor/dtype.h"
#include "tensor/grid_map.h"

/* Values converted at a time. */
enum { GRID_BLOCK = 256 };

struct grid_part {
	uint8_t *raw;
	uint32_t n; /* values */
	enum dtype_id dtype;
	unsigned width;
	bool big_endian;
};

/* Values [from, from + n) of the part. */
void grid_gather(const struct grid_part *part, uint32_t from, uint32_t n, double *out);
void grid_scatter(const struct grid_part *part, uint32_t from, uint32_t n,
	const double *in);

/* The codes, with their signs, of a block of values that are multiples of their scales.
   False: one isn't. */
bool grid_codes_of(const double *x, uint32_t n, const double *scales, enum dtype_id dtype,
	double *k);

#endif
