/* SPDX-License-Identifier: MIT */
#include "blob/table.h"

#include <string.h>

#include "base/alloc.h"

enum { PAGE_SLOTS = 1024 };

struct table_page {
	struct slot slots[PAGE_SLOTS];
};

struct slot *table_find(const struct table *t, uint32_t chunk_no)
{
	uint32_t page = chunk_no / PAGE_SLOTS;

	if (page >= t->n_pages || !t->pages[page])
		return NULL;
	return &t->pages[page]->slots[chunk_no % PAGE_SLOTS];
}

struct slot *table_make(struct table *t, uint32_t chunk_no)
{
	uint32_t page = chunk_no / PAGE_SLOTS;

	if (page >= t->n_pages) {
		/* Doubling, so that a file that grows chunk by chunk costs linear time. */
		uint32_t n = page + 1 > 2 * t->n_pages ? page + 1 : 2 * t->n_pages;
		struct table_page **pages = mem_resize(t->pages, n, sizeof(struct table_page *));

		if (!pages)
			return NULL;
		memset(pages + t->n_pages, 0, (n - t->n_pages) * sizeof(struct table_page *));
		t->pages = pages;
		t->n_pages = n;
	}
	if (!t->pages[page])
		t->pages[page] = mem_zalloc(1, sizeof(struct table_page));
	return t->pages[page] ? &t->pages[page]->slots[chunk_no % PAGE_SLOTS] : NULL;
}

void table_set_record(struct table *t, struct slot *s, uint64_t off, uint32_t frame_len)
{
	t->n_records += (off != 0);
	t->n_records -= (s->off != 0);
	s->off = off;
	s->frame_len = frame_len;
	s->quantised = false;
}

struct slot *table_next(const struct table *t, uint32_t *chunk_no)
{
	uint32_t page = *chunk_no / PAGE_SLOTS, i = *chunk_no % PAGE_SLOTS;

	for (; page < t->n_pages; page++, i = 0) {
		if (!t->pages[page])
			continue;
		for (; i < PAGE_SLOTS; i++) {
			struct slot *s = &t->pages[page]->slots[i];

			if (s->off || s->buf) {
				*chunk_no = page * PAGE_SLOTS + i;
				return s;
			}
		}
	}
	return NULL;
}

void table_release(struct table *t)
{
	for (uint32_t i = 0; i < t->n_pages; i++)
		mem_free(t->pages[i]);
	mem_free(t->pages);
	memset(t, 0, sizeof(*t));
}
