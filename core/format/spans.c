/* SPDX-License-Identifier: MIT */
/*
 * A piece of a file as spans. Exact ones serve statistics. The codec needs few, as each
 * part costs a table, so neighbours are joined: first where that costs nothing, then the
 * pair that loses least, until SPAN_MAX are left.
 *
 *   file      header 100 │ A: float32, 60 000 bytes │ header 80 │ B: float32, … │
 *   exactly   bytes 100, float32 60 000, bytes 80, float32 5356
 *   joined    bytes 100, float32 65 436         of a chunk of 65 536
 *
 * B's piece is short, and the header between is a whole number of elements, so all of it
 * is coded as floats: 80 other bytes among them cost less than a part of their own.
 *
 * Joining is always right, as the spans only choose the transform: any bytes come back
 * from any of them. What must hold is that spans tile the piece, and that each has whole
 * elements.
 */
#include <string.h>

#include "base/checked.h"
#include "format/format.h"

enum {
	/* A shorter part costs more in tables than it gains. */
	SMALL_SPAN = 16 << 10,
	/* The longest gap between two tensors in a container: headers and padding. */
	SMALL_GAP = 1 << 10,
};

/* ---- exactly ----------------------------------------------------------------------- */

static struct span bytes_span(uint64_t len)
{
	return (struct span){
		.len_bytes = (uint32_t)len, .elem_bytes = 1, .dtype = DTYPE_BYTES
	};
}

/*
 * Elements that a chunk's border cuts are bytes; whole ones keep their type and rows.
 *
 * `begun` is how much of an element lies before `at`. Its rest is a span of its own, and
 * the next call begins with a whole element. Offsets of tensors needn't be multiples of
 * their width, so this happens inside files as well, with odd headers.
 */
void format_next_span(const struct segment_cut *cut, uint64_t at, uint64_t end,
	struct span *out)
{
	size_t i = segments_find(cut->items, cut->n, at);

	if (i == cut->n) {
		*out = bytes_span(end - at);
		return;
	}
	const struct segment *s = &cut->items[i];

	if (s->offset > at) {
		*out = bytes_span(min_u64(s->offset, end) - at);
		return;
	}

	uint64_t stop = min_u64(segment_end(s), end),
			 begun = (at - s->offset) % s->elem_bytes;
	uint64_t whole = (stop - at) / s->elem_bytes * s->elem_bytes;

	if (begun || !whole) {
		*out = bytes_span(begun ? min_u64(s->elem_bytes - begun, stop - at) : stop - at);
		return;
	}
	*out = (struct span){ .len_bytes = (uint32_t)whole,
		.elem_bytes = s->elem_bytes,
		.dtype = (enum dtype_id)s->dtype,
		.big_endian = s->big_endian,
		.row_len = s->row_len };
	if (s->row_len)
		out->row_skip = (uint32_t)((at - s->offset) / dtype_get(out->dtype)->width_bytes %
			s->row_len);
}

/* ---- few enough -------------------------------------------------------------------- */

static bool is_bytes(const struct span *s)
{
	return s->dtype == DTYPE_BYTES && s->elem_bytes == 1;
}

static bool alike(const struct span *a, const struct span *b)
{
	return a->dtype == b->dtype && a->elem_bytes == b->elem_bytes &&
		a->big_endian == b->big_endian;
}

/* The cost of joining two neighbours: the bytes that are then coded as the wrong type. */
static uint64_t cost(const struct span *a, const struct span *b)
{
	const struct span *large = a->len_bytes >= b->len_bytes ? a : b;
	const struct span *small = large == a ? b : a;

	if (alike(a, b))
		return 0;
	if (small->len_bytes % large->elem_bytes == 0)
		return small->len_bytes;
	return (uint64_t)a->len_bytes + b->len_bytes; /* both become bytes */
}

/* Join b to a, which it follows. The larger one's type wins if it fits. */
static void join(struct span *a, const struct span *b)
{
	const struct span first = *a;
	bool b_rules = b->len_bytes > first.len_bytes;
	uint32_t small = b_rules ? first.len_bytes : b->len_bytes;

	if (b_rules)
		*a = *b;
	if (small % a->elem_bytes != 0)
		*a = bytes_span(0);
	else if (b_rules && a->row_len)
		/* Rows begin where those of b do, continued to the front: a's components are the
		   last ones of the rows before b. */
		a->row_skip = (a->row_skip + a->row_len -
						  small / dtype_get(a->dtype)->width_bytes % a->row_len) %
			a->row_len;
	a->len_bytes = first.len_bytes + b->len_bytes;
}

/* Join the pair that loses least; among those, the one with the smallest member. */
static unsigned join_cheapest(struct span *spans, unsigned n)
{
	uint64_t least = UINT64_MAX;
	uint32_t smallest = 0;
	unsigned best = 0;

	for (unsigned i = 0; i + 1 < n; i++) {
		uint64_t c = cost(&spans[i], &spans[i + 1]);
		uint32_t small = spans[i].len_bytes < spans[i + 1].len_bytes
			? spans[i].len_bytes
			: spans[i + 1].len_bytes;

		if (c > least || (c == least && small >= smallest))
			continue;
		least = c;
		smallest = small;
		best = i;
	}
	join(&spans[best], &spans[best + 1]);
	for (unsigned i = best + 1; i + 1 < n; i++)
		spans[i] = spans[i + 1];
	return n - 1;
}

/* Whether two spans are of one type and better coded as one. */
static bool belong_together(const struct span *a, const struct span *b)
{
	return alike(a, b) &&
		(is_bytes(a) || a->len_bytes < SMALL_SPAN || b->len_bytes < SMALL_SPAN);
}

/* Join the last spans as far as that costs nothing. */
static unsigned tidy(struct span *spans, unsigned n)
{
	/* Two tensors with a member's header between them. */
	if (n > 2 && is_bytes(&spans[n - 2]) && !is_bytes(&spans[n - 1]) &&
		spans[n - 2].len_bytes <= SMALL_GAP &&
		spans[n - 2].len_bytes <= spans[n - 3].len_bytes &&
		spans[n - 2].len_bytes % spans[n - 1].elem_bytes == 0 &&
		belong_together(&spans[n - 3], &spans[n - 1])) {
		join(&spans[n - 3], &spans[n - 2]);
		join(&spans[n - 3], &spans[n - 1]);
		return n - 2;
	}
	if (n > 1 && belong_together(&spans[n - 2], &spans[n - 1])) {
		join(&spans[n - 2], &spans[n - 1]);
		return n - 1;
	}
	return n;
}

/* One more than SPAN_MAX is the most at any time, so the array is small. Joining while
   they come isn't the best of all choices, but it is linear in their number: a chunk may
   hold thousands of tiny tensors. */
unsigned format_spans(const struct segment_cut *cut, uint64_t off, uint32_t len,
	struct span spans[SPAN_MAX])
{
	struct span all[SPAN_MAX + 1];
	uint64_t end = off + len;
	unsigned n = 0;

	for (uint64_t at = off; at < end;) {
		format_next_span(cut, at, end, &all[n]);
		at += all[n].len_bytes;
		n = tidy(all, n + 1);
		if (n > SPAN_MAX)
			n = join_cheapest(all, n);
	}
	memcpy(spans, all, n * sizeof(*spans));
	return n;
}
