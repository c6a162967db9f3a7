/* SPDX-License-Identifier: MIT */
/*
 * The store's file under a blob, as a table of calls: POSIX in production; in tests one that
 * fails the n-th call and one that logs writes so that every crash can be replayed.
 *
 * Calls return 0 or a count on success and a negative errno on failure. pread and pwrite may be
 * short as the system calls are; use store_read() and store_write(), which loop.
 */
#ifndef ALCM_BLOB_STORE_H
#define ALCM_BLOB_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct store_ops {
	ssize_t (*pread)(void *ctx, void *buf, size_t n, uint64_t off);
	ssize_t (*pwrite)(void *ctx, const void *buf, size_t n, uint64_t off);
	int (*truncate)(void *ctx, uint64_t size);
	int (*punch)(void *ctx, uint64_t off, uint64_t len);   /* -EOPNOTSUPP: can't */
	int (*reserve)(void *ctx, uint64_t off, uint64_t len); /* beyond the end; -EOPNOTSUPP */
	int (*sync)(void *ctx);                                /* fdatasync(2) */
	int64_t (*size)(void *ctx);
	/* The rest may be NULL: a store without holes. */
	int64_t (*next_data)(void *ctx, uint64_t off); /* at or behind off; -ENXIO: none */
	int64_t (*used)(void *ctx);                    /* bytes that take space */
};

struct store {
	const struct store_ops *ops;
	void *ctx;
	size_t table_bytes; /* what a chunk table made of its index may take; 0: STORE_TABLE_BYTES */
};

#define STORE_TABLE_BYTES ((size_t)1 << 30)

static inline size_t store_table_bytes(const struct store *s)
{
	return s->table_bytes ? s->table_bytes : STORE_TABLE_BYTES;
}

/* The store over a file descriptor, which it borrows. */
struct store store_posix(int fd);

/* That descriptor; -1: the store is another. */
int store_fd(const struct store *s);

/*
 * A store that reads what `inner` does until `left` bytes were read, a call counting as some, and -ELOOP
 * from then on: for what a hostile file could otherwise make endless. Both must outlive it.
 */
struct store_bounded {
	const struct store *inner;
	uint64_t left;
	bool exhausted;
};

struct store store_bounded(struct store_bounded *bounded);

/* Bytes that take space, at most the file's size; a negative errno. */
int64_t store_used(const struct store *s);

/* The store has no room for a write, now or below its limit of file sizes; it may have later. */
bool store_is_full(int err);

/* Read exactly n bytes. -ENODATA when the file ends before. */
int store_read(const struct store *s, void *buf, size_t n, uint64_t off);

/* Write exactly n bytes, over short writes and EINTR. A write of 0 bytes by the store is -EIO. */
int store_write(const struct store *s, const void *buf, size_t n, uint64_t off);

#endif
