/* SPDX-License-Identifier: MIT */
/* A span: a run of bytes with a known element type. Spans tile a chunk. Formats produce
   them and the codec consumes them; nothing between needs to know a file format. */
#ifndef ALCM_TENSOR_SPAN_H
#define ALCM_TENSOR_SPAN_H

#include <stdbool.h>
#include <stdint.h>

#include "tensor/dtype.h"
#include "tensor/grid_map.h"
#include "tensor/reference.h"

struct span {
	uint32_t len_bytes;  /* a multiple of elem_bytes, unless the dtype is DTYPE_BYTES */
	uint32_t elem_bytes; /* pitch: one element, all components (complex64: 8); records of
				  an opaque type: the item size; 1 for DTYPE_BYTES */
	enum dtype_id dtype; /* of one component; DTYPE_BYTES for opaque elements too */
	bool big_endian;
	/* Components in a row of the tensor, and those of the first row that lie before the
	   span; 0: no rows. */
	uint32_t row_len, row_skip;
	/* For quantised floats (f16, bf16, f32, f64): the scales that they are multiples of;
	   or NULL. */
	const struct grid_map *grid;
	/* The record that holds the same bytes; NULL: none is known. */
	const struct reference *same_as;
};

/* At most this many spans describe one chunk. */
#define SPAN_MAX 8

#endif
