/* SPDX-License-Identifier: MIT */
/*
 * The tensors of one file: where each lies, of which type, shape and name. Files have up
 * to a million of them, so an entry is small, and names, spellings and shapes lie in
 * pools beside the list.
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
	uint64_t offset,
		bytes; /* in the file; the end may be UINT64_MAX: nobody knows where it is */
	uint32_t elem_bytes; /* pitch, as in struct span */
	uint32_t row_len;    /* components in a row, as in struct span; 0: no rows */
	uint32_t name, type; /* where in the texts */
	uint32_t shape;      /* where in the dimensions */
	uint8_t dtype, n_dims, order;
	bool big_endian;
	/* Coded like `dtype`, which is only a likely guess: a lossy profile leaves it
	   alone. */
	bool opaque;
};

/* All zero: none. */
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

/* -E2BIG: one more than there may be. -ENOMEM. The list is as it was. */
int segments_add(struct segments *list, const struct segment_about *about);

/* Sort what was added in any order. False: two of them overlap. */
bool segments_sort(struct segments *list);

/* The same for items of which it is known that none overlap. */
void segments_order(struct segment *items, size_t n);

/* Forget all of them. */
void segments_release(struct segments *list);

/* Those that concern a piece of the file, which has no others. */
struct segment_cut {
	struct segment *items;
	size_t n;
};

/* A copy of those that touch [off, end), freed with mem_free(); none, too, without
   memory. */
void segments_cut(const struct segments *list, uint64_t off, uint64_t end,
	struct segment_cut *out);

/* The first segment that ends behind `off`: its number, or list->n. */
size_t segments_find(const struct segment *items, size_t n, uint64_t off);

/* Where it ends; UINT64_MAX if that is beyond what a file can be. */
static inline uint64_t segment_end(const struct segment *s)
{
	return s->bytes > UINT64_MAX - s->offset ? UINT64_MAX : s->offset + s->bytes;
}

/*
 * How many elements that lie together make a row: the fastest axis, and as many axes more
 * as it takes to have 32 of them (the kernel of a convolution alone is no row). 0: the
 * tensor has one row only.
 */
uint64_t segments_row_elems(const uint64_t *shape, unsigned n_dims, bool fortran_order);

/* The same in components, for a span; 0: none, or too long a one to be of use. */
uint32_t segments_row_len(uint64_t row_elems, enum dtype_id dtype, uint32_t elem_bytes);

#endif
