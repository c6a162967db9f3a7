/* SPDX-License-Identifier: MIT */
/*
 * The store's file under a blob, as a table of calls: POSIX in production; in tests one
 * that fails the n-th call and one that logs writes so that every crash can be replayed.
 *
 * Calls return 0 or a count on success and a negative errno on failure. pread and pwrite
 * may be short as the system calls are; use blob_io_read() and blob_io_write(), which
 * loop.
 */
#ifndef ALCM_BLOB_BLOB_IO_H
#define ALCM_BLOB_BLOB_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct blob_io_ops {
	ssize_t (*pread)(void *ctx, void *buf, size_t n, uint64_t off);
	ssize_t (*pwrite)(void *ctx, const void *buf, size_t n, uint64_t off);
	int (*truncate)(void *ctx, uint64_t size);
	int (*punch)(void *ctx, uint64_t off, uint64_t len); /* -EOPNOTSUPP: can't */
	/* beyond the end; -EOPNOTSUPP */
	int (*reserve)(void *ctx, uint64_t off, uint64_t len);
	int (*sync)(void *ctx); /* fdatasync(2) */
	int64_t (*size)(void *ctx);
	/* The rest may be NULL: a store without holes. */
	int64_t (*next_data)(void *ctx, uint64_t off); /* at or behind off; -ENXIO: none */
	int64_t (*used)(void *ctx);                    /* bytes that take space */
};

struct blob_io {
	const struct blob_io_ops *ops;
	void *ctx;
	/* most memory for the chunk table of its index; 0: BLOB_IO_TABLE_BYTES */
	size_t table_bytes;
};

#define BLOB_IO_TABLE_BYTES ((size_t)1 << 30)

static inline size_t blob_io_table_bytes(const struct blob_io *s)
{
	return s->table_bytes ? s->table_bytes : BLOB_IO_TABLE_BYTES;
}

/* The store over a file descriptor, which it borrows. */
struct blob_io blob_io_posix(int fd);

/* The descriptor of a POSIX store; -1 for any other store. */
int blob_io_fd(const struct blob_io *s);

/*
 * A store that reads as `inner` does until `left` bytes were read, and returns -ELOOP
 * from then on. Each call also counts as some bytes. It limits the work that a hostile
 * file could otherwise make endless. `inner` and the struct must outlive it.
 */
struct blob_io_bounded {
	const struct blob_io *inner;
	uint64_t left;
	bool exhausted;
};

struct blob_io blob_io_bounded(struct blob_io_bounded *bounded);

/* Bytes that take space, at most the file's size; a negative errno. */
int64_t blob_io_used(const struct blob_io *s);

/*
 * The store is full, or a file size limit is reached. The same write may succeed later.
 */
bool blob_io_is_full(int err);

/* Read exactly n bytes. -ENODATA when the file ends before. */
int blob_io_read(const struct blob_io *s, void *buf, size_t n, uint64_t off);

/* Write exactly n bytes, over short writes and EINTR. A write of 0 bytes by the store is
   -EIO. */
int blob_io_write(const struct blob_io *s, const void *buf, size_t n, uint64_t off);

#endif
