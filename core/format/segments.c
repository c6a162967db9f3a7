/* SPDX-License-Identifier: MIT */
/*
 * The list of a file's tensors. Parsers add them in any order; the list is then sorted
 * once and searched by offset. Pools for texts and dimensions only grow, so an entry
 * refers to them by index: pointers would break at the next growth.
 *
 *   items   [128, 24 bytes, type 0, name 4, shape 0]  [152, 8 bytes, type 0, name 6, …]
 *   texts   "F32\0w\0b\0"
 *   dims    2 3 2
 *
 * Types are few and come in runs, so a spelling is kept once per run. (Which of a type
 * and a name comes first is up to the compiler, and doesn't matter.) Indices have 32
 * bits: texts are limited to 64 MiB, and a million entries have at most a million times
 * ALCM_MAX_DIMS dimensions.
 *
 * Once sorted the entries are disjoint, so their ends rise as their offsets do. That is
 * what the binary search in segments_find() relies on.
 */
#include "format/segments.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "alcm.h"
#include "base/alloc.h"

enum { MIN_ROW = 32, MAX_ROW = 1 << 16 };

/* Make space for `more` items behind `n`. Doubling keeps the copies linear in the end;
   the limits in segments_add() are far below what could overflow. */
static int grow(void **items, size_t n, size_t *capacity, size_t more, size_t size)
{
	size_t want = *capacity ? *capacity : 4;
	void *p;

	if (*capacity - n >= more)
		return 0;
	while (want - n < more)
		want *= 2;
	p = mem_resize(*items, want, size);
	if (!p)
		return -ENOMEM;
	*items = p;
	*capacity = want;
	return 0;
}

/* Append a text to the pool, which has space for it; returns its index. */
static uint32_t put_text(struct segments *l, const char *text, size_t len)
{
	uint32_t at = (uint32_t)l->texts_len;

	memcpy(l->texts + at, text, len);
	l->texts[at + len] = '\0';
	l->texts_len += len + 1;
	return at;
}

/* A type is usually spelled like the one before, so it is shared with that. */
static uint32_t put_type(struct segments *l, const char *type)
{
	if (l->n && strcmp(l->texts + l->items[l->n - 1].type, type) == 0)
		return l->items[l->n - 1].type;
	return put_text(l, type, strlen(type));
}

/* All memory is got before anything changes, so a failure leaves the list as it was. */
int segments_add(struct segments *l, const struct segment_about *a)
{
	size_t text = a->name_len + 1 + strlen(a->type) + 1;
	int err;

	if (l->n == SEGMENTS_MAX || text > SEGMENTS_MAX_TEXT - l->texts_len ||
		a->n_dims > ALCM_MAX_DIMS)
		return -E2BIG;
	err = grow((void **)&l->items, l->n, &l->capacity, 1, sizeof(*l->items))
		?: grow((void **)&l->texts, l->texts_len, &l->texts_capacity, text, 1);
	if (!err && a->n_dims)
		err = grow((void **)&l->dims, l->n_dims, &l->dims_capacity, a->n_dims,
			sizeof(*l->dims));
	if (err)
		return err;

	struct segment s = {
		.offset = a->offset,
		.bytes = a->bytes,
		.elem_bytes = a->elem_bytes,
		.row_len = segments_row_len(a->row_elems, a->dtype, a->elem_bytes),
		.type = put_type(l, a->type),
		.name = put_text(l, a->name, a->name_len),
		.shape = (uint32_t)l->n_dims,
		.dtype = (uint8_t)a->dtype,
		.n_dims = (uint8_t)a->n_dims,
		.order = (uint8_t)a->order,
		.big_endian = a->big_endian,
		.opaque = a->opaque,
	};

	if (a->n_dims)
		memcpy(l->dims + l->n_dims, a->shape, a->n_dims * sizeof(*a->shape));
	l->n_dims += a->n_dims;
	l->items[l->n++] = s;
	return 0;
}

/* Empty tensors come first, so that they don't overlap one at the same offset. */
static int by_offset(const void *a, const void *b)
{
	const struct segment *x = a, *y = b;

	if (x->offset != y->offset)
		return x->offset < y->offset ? -1 : 1;
	return x->bytes < y->bytes ? -1 : x->bytes > y->bytes;
}

void segments_order(struct segment *items, size_t n)
{
	bool sorted = true;

	for (size_t i = 1; i < n && sorted; i++)
		sorted = items[i - 1].offset <= items[i].offset;
	if (!sorted)
		qsort(items, n, sizeof(*items), by_offset);
}

/* Overlaps mean a damaged or hostile file; no type would be right for those bytes. Most
   files list their tensors in order, and then sorting is one comparison each. */
bool segments_sort(struct segments *l)
{
	segments_order(l->items, l->n);
	for (size_t i = 1; i < l->n; i++) {
		if (segment_end(&l->items[i - 1]) > l->items[i].offset)
			return false;
	}
	return true;
}

void segments_release(struct segments *l)
{
	mem_free(l->items);
	mem_free(l->texts);
	mem_free(l->dims);
	memset(l, 0, sizeof(*l));
}

void segments_cut(const struct segments *l, uint64_t off, uint64_t end,
	struct segment_cut *out)
{
	size_t first = segments_find(l->items, l->n, off), last = first;

	while (last < l->n && l->items[last].offset < end)
		last++;
	*out = (struct segment_cut){ 0 };
	if (first == last)
		return;
	out->items = mem_alloc((last - first) * sizeof(*out->items));
	if (!out->items)
		return;
	memcpy(out->items, l->items + first, (last - first) * sizeof(*out->items));
	out->n = last - first;
}

size_t segments_find(const struct segment *items, size_t n, uint64_t off)
{
	size_t lo = 0, hi = n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (segment_end(&items[mid]) > off)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

uint64_t segments_row_elems(const uint64_t *shape, unsigned n_dims, bool fortran_order)
{
	uint64_t len = 1;

	/* The slowest axis is left out: it counts the rows. A convolution of (128, 64, 3, 3)
	   has rows of 3 · 3 · 64: 3 and 9 are below the least length. */
	for (unsigned i = 0; i + 1 < n_dims && len < MIN_ROW; i++)
		len *= shape[fortran_order ? i : n_dims - 1 - i];
	return n_dims > 1 ? len : 0;
}

/* In components: a complex element is two. */
uint32_t segments_row_len(uint64_t row_elems, enum dtype_id dtype, uint32_t elem_bytes)
{
	uint32_t width = dtype_get(dtype)->width_bytes;

	if (!width || elem_bytes % width || row_elems > MAX_ROW / (elem_bytes / width))
		return 0;
	return (uint32_t)(row_elems * (elem_bytes / width));
}
