/* SPDX-License-Identifier: MIT */
/*
 * The chunk table, a radix tree of three levels by chunk number:
 *
 *   dirs[chunk / 65536] ──► pages[chunk / 64 % 1024] ──► slots[chunk % 64]
 *
 * Directories and pages are made at the first use and stay until the table is released,
 * so pointers to slots stay valid while other chunks are added.
 *
 * Chunk 70 000 is slot 48 of page 69 of directory 1: 70 000 = 65 536 + 69 · 64 + 48. A
 * table for chunk 2^32 − 1 alone takes an array of 65 536 pointers, a directory and a
 * page: about half a MiB.
 */
#include "blob/table.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"

/* Pages are small: a file with one chunk in a thousand must not cost the memory of all of
   them. */
enum { PAGE_SLOTS = 64, DIR_PAGES = 1024, DIR_SLOTS = DIR_PAGES * PAGE_SLOTS };

struct table_page {
	struct slot slots[PAGE_SLOTS];
};

struct table_dir {
	struct table_page *pages[DIR_PAGES];
};

struct slot *table_find(const struct table *t, uint32_t chunk_no)
{
	uint32_t dir = chunk_no / DIR_SLOTS;
	struct table_page *page;

	if (dir >= t->n_dirs || !t->dirs[dir])
		return NULL;
	page = t->dirs[dir]->pages[chunk_no / PAGE_SLOTS % DIR_PAGES];
	return page ? &page->slots[chunk_no % PAGE_SLOTS] : NULL;
}

/* `n` zeroed bytes, counted against the limit. A hostile index can't exceed it. */
static void *take(struct table *t, size_t n)
{
	void *p = t->max_bytes && n > t->max_bytes - t->bytes ? NULL : mem_zalloc(1, n);

	if (p)
		t->bytes += n;
	return p;
}

/* Grows the top array to hold `dir`. Doubling keeps a file that grows chunk by chunk at
   linear cost. */
static bool make_dirs(struct table *t, uint32_t dir)
{
	uint32_t n = dir + 1 > 2 * t->n_dirs ? dir + 1 : 2 * t->n_dirs;
	struct table_dir **dirs;

	if (dir < t->n_dirs)
		return true;
	dirs = mem_resize(t->dirs, n, sizeof(struct table_dir *));
	if (!dirs)
		return false;
	memset(dirs + t->n_dirs, 0, (n - t->n_dirs) * sizeof(struct table_dir *));
	t->dirs = dirs;
	t->n_dirs = n;
	return true;
}

struct slot *table_make(struct table *t, uint32_t chunk_no)
{
	uint32_t no = chunk_no / DIR_SLOTS, page = chunk_no / PAGE_SLOTS % DIR_PAGES;
	struct table_dir *dir;

	if (!make_dirs(t, no))
		return NULL;
	if (!t->dirs[no])
		t->dirs[no] = take(t, sizeof(struct table_dir));
	dir = t->dirs[no];
	if (dir && !dir->pages[page])
		dir->pages[page] = take(t, sizeof(struct table_page));
	return dir && dir->pages[page] ? &dir->pages[page]->slots[chunk_no % PAGE_SLOTS]
								   : NULL;
}

/* A new record has unknown quantisation; callers set `quantised` afterwards. */
void table_set_record(struct table *t, struct slot *s, uint64_t off, uint32_t frame_len)
{
	t->n_records += (off != 0);
	t->n_records -= (s->off != 0);
	s->off = off;
	s->frame_len = frame_len;
	s->quantised = s->refers = false;
}

/* The same bytes in another place, so all that is known of the record still holds. */
void table_move_record(struct slot *s, uint64_t off)
{
	s->off = off;
}

/*
 * The first used slot of a page from `i` on; slots with a buffer and no record count too.
 */
static struct slot *next_in(const struct table_page *page, uint32_t i)
{
	for (; i < PAGE_SLOTS; i++) {
		const struct slot *s = &page->slots[i];

		if (s->off || s->buf)
			return (struct slot *)(uintptr_t)s;
	}
	return NULL;
}

/* The cast to non-const mirrors strchr(3): the table isn't changed, but the caller may
   change the slot. */
struct slot *table_next(const struct table *t, uint32_t *chunk_no)
{
	uint32_t no = *chunk_no / DIR_SLOTS, page = *chunk_no / PAGE_SLOTS % DIR_PAGES;
	uint32_t i = *chunk_no % PAGE_SLOTS;

	for (; no < t->n_dirs; no++, page = i = 0) {
		const struct table_dir *dir = t->dirs[no];

		for (; dir && page < DIR_PAGES; page++, i = 0) {
			struct slot *s = dir->pages[page] ? next_in(dir->pages[page], i) : NULL;

			if (!s)
				continue;
			*chunk_no = no * DIR_SLOTS + page * PAGE_SLOTS +
				(uint32_t)(s - dir->pages[page]->slots);
			return s;
		}
	}
	return NULL;
}

int table_records(const struct table *t, bool (*wanted)(const struct slot *s),
	struct table_record **out, size_t *n)
{
	struct table_record *items = mem_alloc((t->n_records + (size_t)1) * sizeof(*items));
	struct slot *s;

	*n = 0;
	if (!items)
		return -ENOMEM;
	for (uint32_t k = 0; (s = table_next(t, &k)); k++) {
		if (s->off && (!wanted || wanted(s)))
			items[(*n)++] = (struct table_record){ s->off, s->frame_len, k };
		/* The last chunk number has no successor. */
		if (k == UINT32_MAX)
			break;
	}
	*out = items;
	return 0;
}

void table_release(struct table *t)
{
	for (uint32_t i = 0; i < t->n_dirs; i++) {
		for (uint32_t k = 0; t->dirs[i] && k < DIR_PAGES; k++)
			mem_free(t->dirs[i]->pages[k]);
		mem_free(t->dirs[i]);
	}
	mem_free(t->dirs);
	mem_free(t->bases);
	memset(t, 0, sizeof(*t));
}
