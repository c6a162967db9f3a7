/* SPDX-License-Identifier: MIT */
/*
 * What a blob of a lossy profile remembers of its quantisation. With it, values written
 * later go on the same grid, and values on the grid never move. docs/format.md, section
 * 2.6.
 */
#ifndef ALCM_BLOB_LOSSY_SECTION_H
#define ALCM_BLOB_LOSSY_SECTION_H

#include "blob/disk.h"
#include "lossy/lossy.h"
#include "lossy/lossy_apply.h"
#include "tensor/span.h"

struct lossy {
	struct lossy_shape shape;
	struct lossy_params params;
};

void lossy_free(struct lossy *lossy); /* NULL is fine */

/* A tensor that is quantised. */
struct lossy_tensor {
	uint64_t offset, bytes; /* in the file */
	uint64_t row_elems;     /* as segments_row_elems() */
	bool big_endian;
	/* its grid; NULL: not known yet, or no grid gains anything */
	struct lossy *about;
};

/* By rising offset, disjoint. */
struct lossy_tensors {
	struct lossy_tensor *items;
	size_t n;
	bool borrowed; /* the items' `about` belong to someone else */
};

void lossy_tensors_release(struct lossy_tensors *tensors);

/* The first tensor that ends behind `off`: its number, or tensors->n. */
size_t lossy_tensors_find(const struct lossy_tensors *tensors, uint64_t off);

/* What a blob remembers of a container's quantisation; its grids are not kept. All zero:
   there was none. */
struct lossy_totals {
	uint64_t n_tensors, n_scales;
	double prune_share;
};

/* Bytes of one value. A complex element has two values. */
static inline unsigned lossy_width(const struct lossy_shape *shape)
{
	return dtype_get(shape->dtype)->width_bytes;
}

/* The scales of the span at file offset `off`, if all of it is part of one tensor. False:
   it isn't, or too few of its values share a scale. */
bool lossy_map(const struct lossy_tensors *tensors, const struct span *span, uint64_t off,
	struct grid_map *out);

/*
 * The section as it lies in an index: its length, writing it, and reading it (-EIO,
 * -ENOMEM). For one tensor it holds the grid (`lossy`), for a container only `totals`;
 * the other one is NULL or zero.
 */
uint32_t lossy_section_bytes(const struct lossy *lossy,
	const struct lossy_totals *totals);
void lossy_section_put(uint8_t *out, const struct lossy *lossy,
	const struct lossy_totals *totals, const struct distortion *distortion);
int lossy_section_get(const uint8_t *in, uint32_t len, struct lossy **lossy,
	struct lossy_totals *totals);

#endif
