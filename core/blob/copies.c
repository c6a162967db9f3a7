/* SPDX-License-Identifier: MIT */
#include "blob/copies.h"

#include <string.h>

#include "blob/disk.h"

/* Which span of those that tile a chunk holds place `at`; it begins at `*start`. */
static unsigned span_at(const struct span *spans, uint32_t at, uint32_t *start)
{
	unsigned i = 0;

	for (*start = 0; at - *start >= spans[i].len_bytes; i++)
		*start += spans[i].len_bytes;
	return i;
}

/* The end of a span, without its first `gone` bytes. */
static struct span rest_of(const struct span *s, uint32_t gone)
{
	struct span rest = *s;

	rest.len_bytes -= gone;
	if (s->row_len)
		rest.row_skip = (uint32_t)((s->row_skip +
									   (uint64_t)(gone /
										   dtype_get(s->dtype)->width_bytes)) %
			s->row_len);
	return rest;
}

/* Put one reference in; the number of spans after that. */
static unsigned cut_one(const uint8_t *data, struct copy *copy, struct span *spans,
	unsigned n)
{
	uint32_t first_start, last_start;
	unsigned first = span_at(spans, copy->at, &first_start),
			 last = span_at(spans, copy->at + copy->n - 1, &last_start), n_new = 0;
	const struct span *a = &spans[first], *z = &spans[last];
	/* What remains on either side has whole elements. */
	uint32_t left = copy->at - first_start, kept = copy->at + copy->n - last_start;
	uint32_t lead = (left + a->elem_bytes - 1) / a->elem_bytes * a->elem_bytes;
	uint32_t gone = kept == z->len_bytes ? kept : kept / z->elem_bytes * z->elem_bytes;
	uint32_t from = first_start + lead, to = last_start + gone;
	struct span new[3];

	if (to < from || to - from < COPY_LEAST)
		return n;
	if (lead) {
		new[n_new] = *a;
		new[n_new++].len_bytes = lead;
	}
	new[n_new++] = (struct span){ .len_bytes = to - from,
		.elem_bytes = 1,
		.dtype = DTYPE_BYTES,
		.same_as = &copy->of };
	if (gone < z->len_bytes)
		new[n_new++] = rest_of(z, gone);
	if (n - (last - first + 1) + n_new > SPAN_MAX)
		return n;
	copy->of.first += from - copy->at;
	disk_hash128(data + from, to - from, copy->of.hash);
	memmove(spans + first + n_new, spans + last + 1, (n - last - 1) * sizeof(*spans));
	memcpy(spans + first, new, n_new * sizeof(*spans));
	return n - (last - first + 1) + n_new;
}

unsigned copies_cut(struct copies *c, struct span spans[SPAN_MAX], unsigned n)
{
	for (unsigned i = 0; i < c->n; i++)
		n = cut_one(c->data, &c->items[i], spans, n);
	return n;
}
