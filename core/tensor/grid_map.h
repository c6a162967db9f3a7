/* SPDX-License-Identifier: MIT */
/* Which scale belongs to which value of a span whose values are multiples of scales. */
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
 * Runs: a channel's values lie together, C order. Cycle: channels take turns, Fortran order.
 */
struct grid_map {
	const double *scales; /* floats of the span's type, > 0; somebody else's */
	uint64_t n_scales;
	unsigned n_components;
	bool cycle;
	uint64_t run;  /* values of one channel */
	uint64_t skip; /* values of the first channel (or of the cycle) before the span */
	uint64_t row_len; /* of one channel: neighbours along the last axes, row by row; 0: no rows */
};

/* The values of one scale: start, start + stride, …, `count` of them. */
struct grid_segment {
	uint32_t start, stride, count;
};

/* Of scale `no`, in a span of n values. */
static inline struct grid_segment grid_segment_of(const struct grid_map *m, uint64_t no,
	uint32_t n)
{
	struct grid_segment s = { 0, m->n_components, 0 };
	uint64_t lo, hi;

	if (m->cycle) {
		lo = (no + m->n_scales - m->skip % m->n_scales) % m->n_scales;
		s.stride = (uint32_t)m->n_scales;
		hi = n;
	} else {
		uint64_t channel = no / m->n_components, component = no % m->n_components;
		uint64_t end = (channel + 1) * m->run;

		lo = (channel ? channel * m->run - m->skip : 0) + component;
		hi = end - m->skip < n ? end - m->skip : n;
	}
	if (lo >= hi)
		return s;
	s.start = (uint32_t)lo;
	s.count = (uint32_t)((hi - lo - 1) / s.stride + 1);
	return s;
}

#endif
