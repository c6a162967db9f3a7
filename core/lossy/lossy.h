/* SPDX-License-Identifier: MIT */
/* A tensor as the lossy passes see it: a sequence of floats in the file's order, which
   may not fit into memory, and the scale of each of them. */
#ifndef ALCM_LOSSY_LOSSY_H
#define ALCM_LOSSY_LOSSY_H

#include <stdbool.h>
#include <stdint.h>

#include "format/segments.h"
#include "tensor/dtype.h"

/* Floats of one tensor, as doubles. */
struct value_source {
	void *ctx;
	uint64_t n_values;
	/* Values [first, first + n) to `out`: 0, or a negative errno that ends the pass. */
	int (*read)(void *ctx, uint64_t first, uint32_t n, double *out);
	/* The first value from `first` on that may not be 0; those in holes are. NULL: any
	   may. */
	uint64_t (*next_data)(void *ctx, uint64_t first);
};

/* The number of values from `first` on that are certainly 0. */
static inline uint64_t lossy_zeros_at(const struct value_source *s, uint64_t first)
{
	uint64_t data = s->next_data ? s->next_data(s->ctx, first) : first;

	return (data < s->n_values ? data : s->n_values) - first;
}

/*
 * Channels are the indices along axis 0; they vary slowest in C order and fastest in
 * Fortran order. Components of complex values are separate: each has a scale of its own.
 */
struct lossy_shape {
	enum dtype_id dtype; /* of a component: f16, bf16, f32 or f64 */
	unsigned n_components;
	uint64_t n_channels, channel_len; /* elements of one channel */
	bool fortran_order;
};

/*
 * The shape of a tensor with dimensions `dims`, with its channels or as one channel.
 * False, and `why` (a static text), when a lossy profile leaves it alone: no floats, no
 * data, or too few values per channel.
 */
bool lossy_shape_of(const struct segment *tensor, const uint64_t *dims, bool per_channel,
	struct lossy_shape *out, const char **why);

static inline uint64_t lossy_n_values(const struct lossy_shape *s)
{
	return s->n_channels * s->channel_len * s->n_components;
}

/* The number of scales, and the scale of value `v`. */
static inline uint64_t lossy_n_scales(const struct lossy_shape *s)
{
	return s->n_channels * s->n_components;
}

static inline uint64_t lossy_scale_of(const struct lossy_shape *s, uint64_t v)
{
	uint64_t element = v / s->n_components, component = v % s->n_components;
	uint64_t channel = s->fortran_order ? element % s->n_channels
										: element / s->channel_len;

	return channel * s->n_components + component;
}

#endif
