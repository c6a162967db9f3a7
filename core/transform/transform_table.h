/* SPDX-License-Identifier: MIT */
/*
 * The transforms that a record may name (docs/format.md, section 3.1). Each is a row of
 * functions, defined in the transform's own file. Pure arithmetic: no memory, no errors,
 * no I/O.
 */
#ifndef ALCM_TRANSFORM_TRANSFORM_TABLE_H
#define ALCM_TRANSFORM_TRANSFORM_TABLE_H

#include <stdbool.h>
#include <stdint.h>

/* X(id as on disk, NAME, row): the enum, the rows' declarations and the table follow. */
#define TRANSFORMS(X)            \
	X(0, NONE, none)             \
	X(1, BYTES, bytes)           \
	X(2, FLOAT, float)           \
	X(3, GRID, grid)             \
	X(4, SPARSE, sparse)         \
	X(5, BITS, bits)             \
	X(6, BIT_PLANES, bit_planes) \
	X(7, DELTAS, deltas)         \
	X(8, COPY, copy)

#define TRANSFORM_ID(id, NAME, row) TRANSFORM_##NAME = id,
enum transform_id { TRANSFORMS(TRANSFORM_ID) };
#undef TRANSFORM_ID

enum { TRANSFORM_MAX_PLANES = 32 };

/* The input of a transform: bytes of a chunk, as elements. */
struct transform_part {
	uint32_t n_bytes;
	unsigned width; /* of an element; 0: bytes without elements */
	bool big_endian;
};

struct transform_planes {
	const uint8_t *at[TRANSFORM_MAX_PLANES];
	uint32_t len[TRANSFORM_MAX_PLANES];
};

/* For reports: "before", the number unless it is negative, "behind". */
struct plane_name {
	const char *before;
	int number;
	const char *behind;
};

struct transform_ops {
	const char *name;
	uint64_t widths;  /* bit w set: takes elements of w bytes */
	uint8_t n_planes; /* planes of any width */
	bool per_byte;    /* plus one for each byte of an element */
	/* the first n_extra planes hold no values, but say how to read the others */
	uint8_t n_extra;
	uint8_t value_bits; /* of a value in a plane; 0: all of an element */
	/* parameters, then codes with a coder of their own; the functions are the codec's
	   (codec/grid.h) */
	bool codes;
	/* The plane names bytes of another record (codec/copy.h). */
	bool refers;
	struct plane_name (*plane_name)(unsigned no);
	/* The length of plane `no`; `before` has the planes before it. */
	uint32_t (*plane_len)(const struct transform_part *part, unsigned no,
		const struct transform_planes *before);
	/* Split raw[0, n_bytes) into planes at `to`, which has n_bytes and
	   TRANSFORM_ROOM(n_bytes) more; `scratch` has n_bytes. */
	void (*split)(const struct transform_part *part, const uint8_t *raw, uint8_t *to,
		uint8_t *scratch, struct transform_planes *planes);
	/* The inverse, from wherever the planes lie. NULL: the one plane is the part. */
	void (*merge)(const struct transform_part *part,
		const struct transform_planes *planes, uint8_t *scratch, uint8_t *out);
};

/* Space for two maps with a bit for each element of two bytes, and for bits that end in
   whole bytes. */
#define TRANSFORM_ROOM(n_bytes) ((size_t)(n_bytes) / 8 + 192)

#define TRANSFORM_ROW(id, NAME, row) extern const struct transform_ops transform_##row;
TRANSFORMS(TRANSFORM_ROW)
#undef TRANSFORM_ROW

/* Elements of 2, 4 or 8 bytes. */
#define TRANSFORM_WORDS ((uint64_t)(1u << 2 | 1u << 4 | 1u << 8))

/* The row of an id as on disk, or NULL when this version doesn't know it. */
const struct transform_ops *transform_find(uint8_t id);

/* Whether elements of `width` bytes can go through `t`, and how many planes they give. */
bool transform_takes(const struct transform_ops *t, unsigned width);
unsigned transform_n_planes(const struct transform_ops *t, unsigned width);

/* A plane_len of one byte per element. */
static inline uint32_t transform_elements(const struct transform_part *part, unsigned no,
	const struct transform_planes *before)
{
	(void)no, (void)before;
	return part->width ? part->n_bytes / part->width : part->n_bytes;
}

#endif
