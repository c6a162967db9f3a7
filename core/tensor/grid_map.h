/* SPDX-License-Identifier: MIT */
/* The scale of each value in a span whose values are multiples of scales. */
#ifndef ALCM_TENSOR_GRID_MAP_H
#define ALCM_TENSOR_GRID_MAP_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Value i of the span (components count one by one) has the scale
 *
 *     in runs:    scales[(i + skip) / run · n_components + i % n_components]
 *     in a cycle: scales[(i + skip) % n_scales]
 *
 * Runs: values of a channel are adjacent, C order. Cycle: channels alternate, Fortran
 * order.
 */
struct grid_map {
	const double *scales; /* floats of the span's type, > 0; borrowed */
	uint64_t n_scales;
	unsigned n_components;
	bool cycle;
	uint64_t run;  /* values of one channel */
	uint64_t skip; /* values of the first channel (or of the cycle) before the span */
	/* of one channel: neighbours along the last axes, row by row; 0: no rows */
	uint64_t row_len;
};

#endif
