/* SPDX-License-Identifier: MIT */
/*
 * A list of (user, base), sorted by base and then by user. Records are replaced rarely,
 * and a commit is the only time at which it matters what is referred to, so nothing is
 * taken out in between: a replaced user's rows wait for bases_purge().
 */
#include "blob/bases.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "blob/disk.h"

static int by_place(const void *a, const void *b)
{
	const struct table_base *x = a, *y = b;

	if (x->base.off != y->base.off)
		return x->base.off > y->base.off ? 1 : -1;
	return (x->user_off > y->user_off) - (x->user_off < y->user_off);
}

/* The first row that isn't before (base_off, user_off). */
static size_t find_row(const struct table *t, uint64_t base_off, uint64_t user_off)
{
	size_t low = 0, high = t->n_bases;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const struct table_base *b = &t->bases[mid];

		if (b->base.off < base_off || (b->base.off == base_off && b->user_off < user_off))
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

int bases_add(struct table *t, uint32_t chunk_no, uint64_t off,
	const struct table_record *base, uint32_t bytes)
{
	size_t at = find_row(t, base->off, off);

	if (at < t->n_bases && t->bases[at].base.off == base->off &&
		t->bases[at].user_off == off) {
		t->bases[at].bytes += bytes;
		return 0;
	}
	if (!mem_room(&t->bases, t->n_bases))
		return -ENOMEM;
	memmove(t->bases + at + 1, t->bases + at, (t->n_bases++ - at) * sizeof(*t->bases));
	t->bases[at] = (struct table_base){ *base, off, chunk_no, bytes };
	return 0;
}

void bases_mark(struct table *t)
{
	for (size_t i = 0; i < t->n_bases; i++) {
		struct slot *user = table_find(t, t->bases[i].user_chunk);

		if (user && user->off == t->bases[i].user_off)
			user->refers = true;
	}
}

void bases_purge(struct table *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->n_bases; i++) {
		const struct slot *user = table_find(t, t->bases[i].user_chunk);

		if (user && user->off == t->bases[i].user_off)
			t->bases[n++] = t->bases[i];
	}
	t->n_bases = n;
}

void bases_follow(struct table *t, uint64_t from, uint64_t to)
{
	for (size_t i = 0; i < t->n_bases; i++) {
		if (t->bases[i].user_off == from)
			t->bases[i].user_off = to;
	}
	qsort(t->bases, t->n_bases, sizeof(*t->bases), by_place);
}

bool bases_may_be(const struct table *t, const struct table_record *record)
{
	const struct slot *s = table_find(t, record->chunk_no);

	return s && s->off == record->off && !s->refers;
}

bool bases_has(const struct table *t, uint64_t off)
{
	size_t at = find_row(t, off, 0);

	return at < t->n_bases && t->bases[at].base.off == off;
}

static bool is_kept(const struct table *t, const struct table_record *base)
{
	const struct slot *s = table_find(t, base->chunk_no);

	return !s || s->off != base->off;
}

int bases_wasteful(const struct table *t, uint32_t chunk_bytes, uint32_t **chunks,
	size_t *n)
{
	uint32_t *out = mem_alloc((t->n_bases + 1) * sizeof(*out));

	*n = 0;
	if (!out)
		return -ENOMEM;
	for (size_t first = 0, end; first < t->n_bases; first = end) {
		const struct table_record *base = &t->bases[first].base;
		uint64_t bytes = 0;

		for (end = first; end < t->n_bases && t->bases[end].base.off == base->off; end++)
			bytes += t->bases[end].bytes;
		if (2 * bytes >= chunk_bytes || !is_kept(t, base))
			continue;
		for (size_t i = first; i < end; i++)
			out[(*n)++] = t->bases[i].user_chunk;
	}
	*chunks = out;
	return 0;
}

uint64_t bases_kept_bytes(const struct table *t, uint64_t from)
{
	uint64_t bytes = 0, last = 0;

	for (size_t i = find_row(t, from, 0); i < t->n_bases; i++) {
		const struct table_record *base = &t->bases[i].base;

		if (base->off != last && is_kept(t, base))
			bytes += round_up(base->frame_len, DISK_ALIGN);
		last = base->off;
	}
	return bytes;
}
