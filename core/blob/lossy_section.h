/* SPDX-License-Identifier: MIT */
/*
 * What a blob of a lossy profile remembers of its quantisation, so that values written
 * later go on the same grid and those that are on it never move; docs/format.md, section
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
	/* NULL while it isn't known, or if there is nothing to be gained */
	struct lossy *about;
};

/* By rising offset, disjoint. */
struct lossy_tensors {
	struct lossy_tensor *items;
	size_t n;
	bool borrowed; /* `about` of all of them */
};

void lossy_tensors_release(struct lossy_tensors *tensors);

/* The first of them that ends behind `off`: its number, or tensors->n. */
size_t lossy_tensors_find(const struct lossy_tensors *tensors, uint64_t off);

/* What a blob remembers of the quantisation of a container, whose grids are not kept; all
   zero: there was none. */
struct lossy_totals {
	uint64_t n_tensors, n_scales;
	double prune_share;
};

/* Bytes of one value: of a component. */
static inline unsigned lossy_width(const struct lossy_shape *shape)
{
	return dtype_get(shape->dtype)->width_bytes;
}

/*
 * Which scales the span at file offset `off` has, when all of it is part of one of the
 * tensors. False: it isn't, or too few of its values share one.
 */
bool lossy_map(const struct lossy_tensors *tensors, const struct span *span, uint64_t off,
	struct grid_map *out);

/*
 * The section as it lies in an index: its length, to write it, and to read it (-EIO,
 * -ENOMEM). Of one tensor it has the grid (`lossy`), of a container `totals` alone; the
 * other one is NULL or zero.
 */
uint32_t lossy_section_bytes(const struct lossy *lossy,
	const struct lossy_totals *totals);
void lossy_section_put(uint8_t *out, const struct lossy *lossy,
	const struct lossy_totals *totals, const struct distortion *distortion);
int lossy_section_get(const uint8_t *in, uint32_t len, struct lossy **lossy,
	struct lossy_totals *totals);

#endif
