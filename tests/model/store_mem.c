/* SPDX-License-Identifier: MIT */
#include "store_mem.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/lock.h"

enum { PAGE = 4096 };

struct store_mem {
	struct lock lock; /* guards all below */
	uint8_t **pages;  /* NULL = zeros */
	size_t n_pages;
	uint64_t size, reserved_end, limit, used;
	bool readonly, no_reserve;
};

static void *must(void *p)
{
	if (!p) {
		fprintf(stderr, "store_mem: out of memory\n");
		abort();
	}
	return p;
}

struct store_mem *store_mem_new(void)
{
	struct store_mem *m = must(calloc(1, sizeof(*m)));

	lock_init(&m->lock, LOCK_LEAF);
	m->limit = INT64_MAX;
	return m;
}

static void drop_page(struct store_mem *m, size_t i)
{
	if (i >= m->n_pages || !m->pages[i])
		return;
	free(m->pages[i]);
	m->pages[i] = NULL;
	m->used -= PAGE;
}

void store_mem_free(struct store_mem *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->n_pages; i++)
		free(m->pages[i]);
	free(m->pages);
	lock_destroy(&m->lock);
	free(m);
}

/* The page of an offset, made if needed. */
static uint8_t *page_make(struct store_mem *m, uint64_t off)
{
	size_t i = off / PAGE;

	if (i >= m->n_pages) {
		size_t n = i + i / 2 + 16;

		m->pages = must(realloc(m->pages, n * sizeof(*m->pages)));
		memset(m->pages + m->n_pages, 0, (n - m->n_pages) * sizeof(*m->pages));
		m->n_pages = n;
	}
	if (!m->pages[i]) {
		m->pages[i] = must(calloc(1, PAGE));
		m->used += PAGE;
	}
	return m->pages[i];
}

static void check_writable(const struct store_mem *m)
{
	if (m->readonly) {
		fprintf(stderr, "store_mem: a write to a read-only store\n");
		abort();
	}
}

static ssize_t read_locked(struct store_mem *m, uint8_t *to, size_t n, uint64_t off)
{
	size_t done = 0;

	if (off >= m->size)
		return 0;
	n = (size_t)min_u64(n, m->size - off);
	while (done < n) {
		uint64_t at = off + done;
		size_t run = (size_t)min_u64(n - done, PAGE - at % PAGE);

		if (at / PAGE < m->n_pages && m->pages[at / PAGE])
			memcpy(to + done, m->pages[at / PAGE] + at % PAGE, run);
		else
			memset(to + done, 0, run);
		done += run;
	}
	return (ssize_t)n;
}

static ssize_t mem_pread(void *ctx, void *buf, size_t n, uint64_t off)
{
	struct store_mem *m = ctx;

	WITH_LOCK(&m->lock);
	return read_locked(m, buf, n, off);
}

static ssize_t mem_pwrite(void *ctx, const void *buf, size_t n, uint64_t off)
{
	struct store_mem *m = ctx;
	size_t done = 0;

	WITH_LOCK(&m->lock);
	check_writable(m);
	if (off >= m->limit)
		return -ENOSPC;
	n = (size_t)min_u64(n, m->limit - off);
	while (done < n) {
		uint64_t at = off + done;
		size_t run = (size_t)min_u64(n - done, PAGE - at % PAGE);

		memcpy(page_make(m, at) + at % PAGE, (const uint8_t *)buf + done, run);
		done += run;
	}
	m->size = max_u64(m->size, off + n);
	return (ssize_t)n;
}

static void zero_locked(struct store_mem *m, uint64_t off, uint64_t end)
{
	end = min_u64(end, (uint64_t)m->n_pages * PAGE);
	while (off < end) {
		uint64_t run = min_u64(end - off, PAGE - off % PAGE);

		if (run == PAGE)
			drop_page(m, off / PAGE);
		else if (m->pages[off / PAGE])
			memset(m->pages[off / PAGE] + off % PAGE, 0, run);
		off += run;
	}
}

static int mem_truncate(void *ctx, uint64_t size)
{
	struct store_mem *m = ctx;

	WITH_LOCK(&m->lock);
	check_writable(m);
	if (size > m->limit)
		return -EFBIG;
	zero_locked(m, size, UINT64_MAX);
	m->size = size;
	m->reserved_end = min_u64(m->reserved_end, size);
	return 0;
}

static int mem_punch(void *ctx, uint64_t off, uint64_t len)
{
	struct store_mem *m = ctx;

	WITH_LOCK(&m->lock);
	check_writable(m);
	zero_locked(m, off, off + len);
	return 0;
}

static int mem_reserve(void *ctx, uint64_t off, uint64_t len)
{
	struct store_mem *m = ctx;

	WITH_LOCK(&m->lock);
	check_writable(m);
	if (m->no_reserve)
		return -EOPNOTSUPP;
	if (off > m->limit || len > m->limit - off)
		return -ENOSPC;
	m->reserved_end = max_u64(m->reserved_end, off + len);
	return 0;
}

static int mem_sync(void *ctx)
{
	check_writable(ctx);
	return 0;
}

static int64_t mem_size(void *ctx)
{
	return (int64_t)store_mem_size(ctx);
}

static int64_t mem_used(void *ctx)
{
	return (int64_t)store_mem_used(ctx);
}

static const struct blob_io_ops mem_ops = {
	.pread = mem_pread,
	.pwrite = mem_pwrite,
	.truncate = mem_truncate,
	.punch = mem_punch,
	.reserve = mem_reserve,
	.sync = mem_sync,
	.size = mem_size,
	.used = mem_used,
};

struct blob_io store_mem_store(struct store_mem *m)
{
	return (struct blob_io){ &mem_ops, m };
}

void store_mem_load(struct store_mem *m, const void *bytes, size_t n)
{
	(void)mem_truncate(m, 0);
	if (n)
		(void)mem_pwrite(m, bytes, n, 0);
}

void store_mem_copy(struct store_mem *to, struct store_mem *from)
{
	(void)mem_truncate(to, 0);
	WITH_LOCK(&from->lock);
	for (size_t i = 0; i < from->n_pages; i++) {
		if (from->pages[i])
			memcpy(page_make(to, (uint64_t)i * PAGE), from->pages[i], PAGE);
	}
	to->size = from->size;
}

uint64_t store_mem_size(struct store_mem *m)
{
	WITH_LOCK(&m->lock);
	return m->size;
}

uint64_t store_mem_used(struct store_mem *m)
{
	WITH_LOCK(&m->lock);
	return m->used;
}

void store_mem_set_readonly(struct store_mem *m, bool readonly)
{
	WITH_LOCK(&m->lock);
	m->readonly = readonly;
}

void store_mem_set_limit(struct store_mem *m, uint64_t limit)
{
	WITH_LOCK(&m->lock);
	m->limit = limit;
}

void store_mem_fill_up(struct store_mem *m)
{
	WITH_LOCK(&m->lock);
	m->limit = max_u64(m->size, m->reserved_end);
}

void store_mem_set_no_reserve(struct store_mem *m, bool refuse)
{
	WITH_LOCK(&m->lock);
	m->no_reserve = refuse;
}
