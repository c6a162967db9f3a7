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
};

struct store {
	const struct store_ops *ops;
	void *ctx;
};

/* The store over a file descriptor, which it borrows. */
struct store store_posix(int fd);

/* Read exactly n bytes. -ENODATA when the file ends before. */
int store_read(const struct store *s, void *buf, size_t n, uint64_t off);

/* Write exactly n bytes, over short writes and EINTR. A write of 0 bytes by the store is -EIO. */
int store_write(const struct store *s, const void *buf, size_t n, uint64_t off);

#endif
