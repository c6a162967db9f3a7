/* SPDX-License-Identifier: MIT */
/*
 * The POSIX store, and the loops that complete short reads and writes.
 *
 * Every call into the kernel goes through this table, so tests can replace it with a
 * store in memory, fail the n-th call, or record writes and replay every crash.
 *
 * All calls take offsets, as threads share the descriptor. Results are 0, a count, or a
 * negative errno. -ENODATA is the file's end within a read; -EOPNOTSUPP says that the
 * filesystem can't reserve or punch, which callers do without.
 */
#include "blob/blob_io.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* The context is the descriptor itself: a store is copied freely and owns nothing. */
static int fd_of(void *ctx)
{
	return (int)(intptr_t)ctx;
}

/* Repeat a system call that a signal interrupted; its result, or a negative errno. */
#define UNINTERRUPTED(call)                 \
	__extension__({                         \
		int64_t got_;                       \
		do                                  \
			got_ = (call);                  \
		while (got_ < 0 && errno == EINTR); \
		got_ < 0 ? -(int64_t)errno : got_;  \
	})

static ssize_t posix_pread(void *ctx, void *buf, size_t n, uint64_t off)
{
	return UNINTERRUPTED(pread(fd_of(ctx), buf, n, (off_t)off));
}

static ssize_t posix_pwrite(void *ctx, const void *buf, size_t n, uint64_t off)
{
	return UNINTERRUPTED(pwrite(fd_of(ctx), buf, n, (off_t)off));
}

static int posix_truncate(void *ctx, uint64_t size)
{
	return (int)UNINTERRUPTED(ftruncate(fd_of(ctx), (off_t)size));
}

/* Both uses of fallocate(2). Some old kernels and filesystems report "not supported" as
   -ENOSYS; callers test for one value. */
static int allocate(void *ctx, int mode, uint64_t off, uint64_t len)
{
	int err = (int)UNINTERRUPTED(fallocate(fd_of(ctx), mode, (off_t)off, (off_t)len));

	return err == -ENOSYS ? -EOPNOTSUPP : err;
}

static int posix_punch(void *ctx, uint64_t off, uint64_t len)
{
	return allocate(ctx, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, off, len);
}

/*
 * The kernel lets space be reserved beyond the limit of file sizes, where no write can
 * use it: the error would come when the data has long been acknowledged.
 */
static bool beyond_file_limit(uint64_t end)
{
	struct rlimit r;

	return !getrlimit(RLIMIT_FSIZE, &r) && r.rlim_cur != RLIM_INFINITY &&
		end > r.rlim_cur;
}

static int posix_reserve(void *ctx, uint64_t off, uint64_t len)
{
	if (beyond_file_limit(off + len))
		return -EFBIG;
	return allocate(ctx, FALLOC_FL_KEEP_SIZE, off, len);
}

static int posix_sync(void *ctx)
{
	return (int)UNINTERRUPTED(fdatasync(fd_of(ctx)));
}

static int64_t posix_size(void *ctx)
{
	struct stat st;

	return fstat(fd_of(ctx), &st) ? -(int64_t)errno : st.st_size;
}

/* Filesystems without SEEK_DATA report -EINVAL or -EOPNOTSUPP. There, everything counts
   as data. */
static int64_t posix_next_data(void *ctx, uint64_t off)
{
	int64_t at = UNINTERRUPTED(lseek(fd_of(ctx), (off_t)off, SEEK_DATA));

	return at == -EINVAL || at == -EOPNOTSUPP ? (int64_t)off : at;
}

/* st_blocks counts units of 512 bytes on every filesystem, whatever its block size is. */
static int64_t posix_used(void *ctx)
{
	struct stat st;

	return fstat(fd_of(ctx), &st) ? -(int64_t)errno : (int64_t)st.st_blocks * 512;
}

static const struct blob_io_ops posix_ops = {
	.pread = posix_pread,
	.pwrite = posix_pwrite,
	.truncate = posix_truncate,
	.punch = posix_punch,
	.reserve = posix_reserve,
	.sync = posix_sync,
	.size = posix_size,
	.next_data = posix_next_data,
	.used = posix_used,
};

struct blob_io blob_io_posix(int fd)
{
	return (struct blob_io){ .ops = &posix_ops, .ctx = (void *)(intptr_t)fd };
}

int blob_io_fd(const struct blob_io *s)
{
	return s->ops == &posix_ops ? (int)(intptr_t)s->ctx : -1;
}

/* ---- bounded reading --------------------------------------------------------------- */

/* A call has a price of its own, or many tiny reads would never use up the allowance. */
enum { CALL_BYTES = 1024 };

/* Refuses the whole read once the allowance would be exceeded. `exhausted` tells the
   caller that -ELOOP came from here and not from the store. */
static ssize_t bounded_pread(void *ctx, void *buf, size_t n, uint64_t off)
{
	struct blob_io_bounded *b = ctx;

	if (n + CALL_BYTES > b->left) {
		b->exhausted = true;
		return -ELOOP;
	}
	b->left -= n + CALL_BYTES;
	return b->inner->ops->pread(b->inner->ctx, buf, n, off);
}

static int64_t bounded_size(void *ctx)
{
	const struct blob_io_bounded *b = ctx;

	return b->inner->ops->size(b->inner->ctx);
}

static int64_t bounded_next_data(void *ctx, uint64_t off)
{
	const struct blob_io *inner = ((struct blob_io_bounded *)ctx)->inner;

	return inner->ops->next_data ? inner->ops->next_data(inner->ctx, off) : (int64_t)off;
}

static int64_t bounded_used(void *ctx)
{
	return blob_io_used(((struct blob_io_bounded *)ctx)->inner);
}

/* Only reading calls are set: nothing that a bounded store is used for writes. */
struct blob_io blob_io_bounded(struct blob_io_bounded *bounded)
{
	static const struct blob_io_ops ops = {
		.pread = bounded_pread,
		.size = bounded_size,
		.next_data = bounded_next_data,
		.used = bounded_used,
	};

	return (struct blob_io){ &ops, bounded, bounded->inner->table_bytes };
}

int64_t blob_io_used(const struct blob_io *s)
{
	int64_t size = s->ops->size(s->ctx), used;

	if (size < 0 || !s->ops->used)
		return size;
	used = s->ops->used(s->ctx);
	/* Reserved space behind the end is allocated too, but holds nothing of the file. */
	return used < size ? used : size;
}

bool blob_io_is_full(int err)
{
	return err == -ENOSPC || err == -EDQUOT || err == -EFBIG;
}

int blob_io_read(const struct blob_io *s, void *buf, size_t n, uint64_t off)
{
	uint8_t *to = buf;

	while (n) {
		ssize_t got = s->ops->pread(s->ctx, to, n, off);

		if (got == -EINTR)
			continue;
		if (got < 0)
			return (int)got;
		if (!got)
			return -ENODATA;
		to += got;
		off += (uint64_t)got;
		n -= (size_t)got;
	}
	return 0;
}

int blob_io_write(const struct blob_io *s, const void *buf, size_t n, uint64_t off)
{
	const uint8_t *from = buf;

	while (n) {
		ssize_t put = s->ops->pwrite(s->ctx, from, n, off);

		if (put == -EINTR)
			continue;
		if (put < 0)
			return (int)put;
		if (!put)
			return -EIO;
		from += put;
		off += (uint64_t)put;
		n -= (size_t)put;
	}
	return 0;
}
