/* SPDX-License-Identifier: MIT */
/* The transforms that a record may name (docs/format.md, section 3.1). */
#ifndef ALCM_TRANSFORM_TRANSFORM_TABLE_H
#define ALCM_TRANSFORM_TRANSFORM_TABLE_H

#include <stdbool.h>
#include <stdint.h>

enum transform_id {
	TRANSFORM_NONE = 0,
	TRANSFORM_BYTES = 1,
	TRANSFORM_FLOAT = 2,
	TRANSFORM_GRID = 3,
	TRANSFORM_SPARSE = 4,
	TRANSFORM_BITS = 5,
	TRANSFORM_BIT_PLANES = 6,
	TRANSFORM_DELTAS = 7,
};

enum { TRANSFORM_MAX_PLANES = 32 };

enum transform_kind {
	TRANSFORM_KIND_WHOLE,      /* one plane: the part's bytes; elem_bytes is 0 */
	TRANSFORM_KIND_PLANES,     /* one plane per byte of an element */
	TRANSFORM_KIND_GRID,       /* parameters and codes (codec/grid.h) */
	TRANSFORM_KIND_BITS,       /* one plane: a bit for each byte (bits.h) */
	TRANSFORM_KIND_BIT_PLANES, /* eight planes, a bit of each byte in each (bits.h) */
	TRANSFORM_KIND_SPARSE, /* which are zero, their signs, and planes of the others (sparse.h) */
};

struct transform {
	const char *name;
	enum transform_kind kind;
	bool rotate;     /* see planes.h */
	bool deltas;     /* elements are differences (deltas.h) before they are split */
	uint32_t widths; /* bit w set: elements of w bytes (w ≤ 32, bit 0 for 32) are allowed */
};

/* How many planes elements of `width` bytes give. */
unsigned transform_n_planes(const struct transform *t, unsigned width);

/* The row of an id as on disk, or NULL when this version doesn't know it. */
const struct transform *transform_find(uint8_t id);

/* Whether elements of `width` bytes can go through `t`. */
bool transform_takes(const struct transform *t, unsigned width);

#endif
