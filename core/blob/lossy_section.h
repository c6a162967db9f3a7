/* SPDX-License-Identifier: MIT */
/*
 * What a blob of a lossy profile remembers of its quantisation, so that values written later go on
 * the same grid and those that are on it never move; docs/format.md, section 2.6.
 */
#ifndef ALCM_BLOB_LOSSY_SECTION_H
#define ALCM_BLOB_LOSSY_SECTION_H

#include "blob/disk.h"
#include "lossy/lossy.h"
#include "lossy/paper.h"
#include "tensor/span.h"

struct lossy {
	struct lossy_shape shape;
	struct paper_params params;
};

void lossy_free(struct lossy *lossy); /* NULL is fine */

/* Values of one tensor component of `layout`: where value `v` lies in the file, and how many bytes. */
static inline unsigned lossy_width(const struct lossy_shape *shape)
{
	return dtype_get(shape->dtype)->width_bytes;
}

/*
 * Which scales the span at file offset `off` has, when it is part of the tensor. False: it isn't,
 * or too few of its values share one.
 */
bool lossy_map(const struct lossy *lossy, const struct layout *layout, const struct span *span,
	uint64_t off, struct grid_map *out);

/* The section as it lies in an index: its length, to write it, and to read it (-EIO, -ENOMEM). */
uint32_t lossy_section_bytes(const struct lossy *lossy);
void lossy_section_put(uint8_t *out, const struct lossy *lossy,
	const struct distortion *distortion);
int lossy_section_get(const uint8_t *in, uint32_t len, struct lossy **out);

#endif
