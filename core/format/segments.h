/* SPDX-License-Identifier: MIT */
/*
 * The tensors of one file: the place, type, shape and name of each. Files have up to a
 * million tensors, so an entry is small. Names, type spellings and shapes are in pools
 * beside the list.
 */
#ifndef ALCM_FORMAT_SEGMENTS_H
#define ALCM_FORMAT_SEGMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tensor/dtype.h"

enum {
	SEGMENTS_MAX = 1000000,
	SEGMENTS_MAX_TEXT = 64 << 20, /* bytes of names and spellings */
};

/* Along which axis elements follow one another. */
enum segment_order { ORDER_C, ORDER_FORTRAN, ORDER_OTHER };

struct segment {
	uint64_t offset, bytes; /* in the file; the end is UINT64_MAX if it isn't known */
	uint32_t elem_bytes;    /* pitch, as in struct span */
	uint32_t row_len;       /* components in a row, as in struct span; 0: no rows */
	uint32_t name, type;    /* index in the texts */
	uint32_t shape;         /* index in the dimensions */
	uint8_t dtype, n_dims, order;
	bool big_endian;
	/* Coded like `dtype`, which is only likely. So a lossy profile leaves it alone. */
	bool opaque;
};

/* All zero: empty. */
struct segments {
	struct segment *items; /* by rising offset, disjoint */
	size_t n, capacity;
	char *texts; /* each ends in NUL */
	size_t texts_len, texts_capacity;
	uint64_t *dims;
	size_t n_dims, dims_capacity;
};

/* A tensor to be added. Everything is borrowed. */
struct segment_about {
	const char *name;
	size_t name_len;
	const char *type; /* as the file spells it */
	enum dtype_id dtype;
	uint32_t elem_bytes;
	bool big_endian, opaque;
	enum segment_order order;
	uint64_t row_elems; /* segments_row_elems() */
	unsigned n_dims;
	const uint64_t *shape;
	uint64_t offset, bytes;
};

/* -E2BIG: too many. -ENOMEM. On failure the list is unchanged. */
int segments_add(struct segments *list, const struct segment_about *about);

/* Sort the list by offset. False: two entries overlap. */
bool segments_sort(struct segments *list);

/* The same for items that are known not to overlap. */
void segments_order(struct segment *items, size_t n);

/* Forget all of them. */
void segments_release(struct segments *list);

/* The segments that touch a piece of the file. */
struct segment_cut {
	struct segment *items;
	size_t n;
};

/* A copy of the segments that touch [off, end); the items are freed with mem_free().
   Without memory it is empty. */
void segments_cut(const struct segments *list, uint64_t off, uint64_t end,
	struct segment_cut *out);

/* The first segment that ends behind `off`: its number, or list->n. */
size_t segments_find(const struct segment *items, size_t n, uint64_t off);

/* Where a segment ends; UINT64_MAX if that overflows. */
static inline uint64_t segment_end(const struct segment *s)
{
	return s->bytes > UINT64_MAX - s->offset ? UINT64_MAX : s->offset + s->bytes;
}

/*
 * The number of adjacent elements that make a row: the fastest axis, and further axes
 * until there are 32 of them (the kernel of a convolution alone is no row). 0: the tensor
 * has one row only.
 */
uint64_t segments_row_elems(const uint64_t *shape, unsigned n_dims, bool fortran_order);

/* The same in components, for a span; 0: there are no rows, or they are too long to be
   useful. */
uint32_t segments_row_len(uint64_t row_elems, enum dtype_id dtype, uint32_t elem_bytes);

#endif
