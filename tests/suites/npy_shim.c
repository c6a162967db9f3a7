/* SPDX-License-Identifier: MIT */
/*
 * Makes a suite that knows nothing of tensors work on blobs. Preloaded into it, this puts an .npy
 * header before everything in every file that the suite creates in one file system, and shifts
 * offsets and sizes by the header's length, so that the suite doesn't see it:
 *
 *     NPY_SHIM_DIR=/the/mount LD_PRELOAD=npy_shim.so SUITE …
 *
 * Whether a file is concerned is asked of its device number, so that no table of descriptors has to
 * follow dup(), fork() and exec(). A descriptor's file position includes the header, so that read(),
 * write() and their relatives need nothing. The header has a page, so that mappings and direct I/O
 * stay aligned. Not covered: stdio, POSIX aio and io_uring, which don't come through these symbols.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <unistd.h>

enum { HEADER_BYTES = 4096 };

/* The same function under its name with and without 64. */
#define ALSO(name, of) extern __typeof__(of) name __attribute__((alias(#of)))

/* ---- the system calls themselves -------------------------------------------------------------- */

#define RAW(number, ...) raw_function()(number, __VA_ARGS__)

static long (*raw_function(void))(long number, ...)
{
	static long (*function)(long number, ...);

	if (!function)
		*(void **)&function = dlsym(RTLD_NEXT, "syscall");
	return function;
}

/* ---- which files, and their header --------------------------------------------------------------- */

static bool same_device(const struct statx *a, const struct statx *b)
{
	return a->stx_dev_major == b->stx_dev_major && a->stx_dev_minor == b->stx_dev_minor;
}

static bool is_ours(const struct statx *x)
{
	static struct statx mount;
	static bool known;
	const char *dir = getenv("NPY_SHIM_DIR");

	if (!known && dir && !RAW(SYS_statx, AT_FDCWD, dir, 0, STATX_TYPE, &mount))
		known = true;
	return known && S_ISREG(x->stx_mode) && same_device(x, &mount);
}

/* How far the offsets of this descriptor are shifted; asks nothing of the file system. */
static off_t shift_of(int fd)
{
	int saved = errno;
	struct statx x;
	bool ours = fd >= 0 &&
		!RAW(SYS_statx, fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE, &x) &&
		is_ours(&x);

	errno = saved;
	return ours ? HEADER_BYTES : 0;
}

static off_t without_header(off_t size)
{
	return size > HEADER_BYTES ? size - HEADER_BYTES : 0;
}

/* As np.save() writes it: magic, version 1.0, the length of what follows, that as text. */
static void write_header(int fd)
{
	static const char start[] =
		"\x93NUMPY\x01\x00\xf6\x0f"
		"{'descr': '<f4', 'fortran_order': False, 'shape': (1048576,), }";
	char head[HEADER_BYTES];

	memset(head, ' ', sizeof(head));
	memcpy(head, start, sizeof(start) - 1);
	head[sizeof(head) - 1] = '\n';
	if (RAW(SYS_pwrite64, fd, head, sizeof(head), (off_t)0) != HEADER_BYTES)
		perror("npy_shim: header");
}

/* Give a file of ours that has nothing in it its header, however `fd` was opened. */
static void ensure_header(int fd)
{
	char proc[32];
	struct stat st;
	int other;

	if (RAW(SYS_fstat, fd, &st) || st.st_size)
		return;
	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	other = (int)RAW(SYS_openat, AT_FDCWD, proc, O_WRONLY | O_CLOEXEC);
	if (other < 0) {
		perror("npy_shim: open for the header");
		return;
	}
	write_header(other);
	RAW(SYS_close, other);
}

/* ---- opening ----------------------------------------------------------------------------------------- */

static int open_shifted(int dir, const char *path, int flags, mode_t mode)
{
	int fd = (int)RAW(SYS_openat, dir, path, flags, mode), saved = errno;

	if (fd < 0 || (flags & O_PATH) || !shift_of(fd))
		return fd;
	if (flags & (O_ACCMODE | O_CREAT | O_TRUNC))
		ensure_header(fd);
	RAW(SYS_lseek, fd, (off_t)HEADER_BYTES, SEEK_SET);
	errno = saved;
	return fd;
}

static mode_t mode_argument(int flags, va_list ap)
{
	return flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY)) ? va_arg(ap, mode_t) : 0;
}

int open(const char *path, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = mode_argument(flags, ap);
	va_end(ap);
	return open_shifted(AT_FDCWD, path, flags, mode);
}
ALSO(open64, open);

int openat(int dir, const char *path, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = mode_argument(flags, ap);
	va_end(ap);
	return open_shifted(dir, path, flags, mode);
}
ALSO(openat64, openat);

int creat(const char *path, mode_t mode)
{
	return open_shifted(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, mode);
}
ALSO(creat64, creat);

/* What a program compiled with _FORTIFY_SOURCE calls when there is no mode. */
int __open_2(const char *path, int flags);
int __open_2(const char *path, int flags)
{
	return open_shifted(AT_FDCWD, path, flags, 0);
}
ALSO(__open64_2, __open_2);

int __openat_2(int dir, const char *path, int flags);
int __openat_2(int dir, const char *path, int flags)
{
	return open_shifted(dir, path, flags, 0);
}
ALSO(__openat64_2, __openat_2);

/* ---- sizes ------------------------------------------------------------------------------------------- */

static int stat_shifted(int dir, const char *path, struct stat *st, int flags)
{
	struct statx x;

	if (RAW(SYS_newfstatat, dir, path, st, flags))
		return -1;
	x.stx_mode = (uint16_t)st->st_mode;
	x.stx_dev_major = major(st->st_dev);
	x.stx_dev_minor = minor(st->st_dev);
	if (is_ours(&x))
		st->st_size = without_header(st->st_size);
	return 0;
}

int fstatat(int dir, const char *restrict path, struct stat *restrict st, int flags)
{
	return stat_shifted(dir, path, st, flags);
}
int fstatat64(int dir, const char *restrict path, struct stat64 *restrict st, int flags)
{
	return stat_shifted(dir, path, (struct stat *)st, flags);
}

int stat(const char *restrict path, struct stat *restrict st)
{
	return stat_shifted(AT_FDCWD, path, st, 0);
}
int stat64(const char *restrict path, struct stat64 *restrict st)
{
	return stat_shifted(AT_FDCWD, path, (struct stat *)st, 0);
}

int lstat(const char *restrict path, struct stat *restrict st)
{
	return stat_shifted(AT_FDCWD, path, st, AT_SYMLINK_NOFOLLOW);
}
int lstat64(const char *restrict path, struct stat64 *restrict st)
{
	return stat_shifted(AT_FDCWD, path, (struct stat *)st, AT_SYMLINK_NOFOLLOW);
}

int fstat(int fd, struct stat *st)
{
	return stat_shifted(fd, "", st, AT_EMPTY_PATH);
}
int fstat64(int fd, struct stat64 *st)
{
	return stat_shifted(fd, "", (struct stat *)st, AT_EMPTY_PATH);
}

int statx(int dir, const char *restrict path, int flags, unsigned mask, struct statx *restrict x)
{
	if (RAW(SYS_statx, dir, path, flags, mask | STATX_TYPE, x))
		return -1;
	if (is_ours(x))
		x->stx_size = (uint64_t)without_header((off_t)x->stx_size);
	return 0;
}

int ftruncate(int fd, off_t size)
{
	return (int)RAW(SYS_ftruncate, fd, size < 0 ? size : size + shift_of(fd));
}
ALSO(ftruncate64, ftruncate);

int truncate(const char *path, off_t size)
{
	int fd = size < 0 ? -1 : (int)RAW(SYS_openat, AT_FDCWD, path, O_PATH | O_CLOEXEC);

	if (fd >= 0) {
		size += shift_of(fd);
		if (size && shift_of(fd))
			ensure_header(fd);
		RAW(SYS_close, fd);
	}
	return (int)RAW(SYS_truncate, path, size);
}
ALSO(truncate64, truncate);

static int allocate(int fd, int mode, off_t off, off_t len)
{
	return (int)RAW(SYS_fallocate, fd, mode, off < 0 ? off : off + shift_of(fd), len);
}

int fallocate(int fd, int mode, off_t off, off_t len)
{
	return allocate(fd, mode, off, len);
}
ALSO(fallocate64, fallocate);

int posix_fallocate(int fd, off_t off, off_t len)
{
	return allocate(fd, 0, off, len) ? errno : 0;
}
ALSO(posix_fallocate64, posix_fallocate);

/* ---- offsets ----------------------------------------------------------------------------------------- */

off_t lseek(int fd, off_t off, int whence)
{
	off_t shift = shift_of(fd), at;

	if (!shift)
		return RAW(SYS_lseek, fd, off, whence);
	if (whence == SEEK_CUR) {
		off += RAW(SYS_lseek, fd, (off_t)0, SEEK_CUR);
		whence = SEEK_SET;
	} else if (whence == SEEK_END) {
		struct stat st;

		if (RAW(SYS_fstat, fd, &st))
			return -1;
		off += shift + without_header(st.st_size);
		whence = SEEK_SET;
	} else {
		off += shift;
	}
	if (off < shift) {
		errno = whence == SEEK_SET ? EINVAL : ENXIO;
		return -1;
	}
	at = RAW(SYS_lseek, fd, off, whence);
	return at < 0 ? at : at - shift;
}
ALSO(lseek64, lseek);

ssize_t pread(int fd, void *buf, size_t n, off_t off)
{
	return RAW(SYS_pread64, fd, buf, n, off < 0 ? off : off + shift_of(fd));
}
ALSO(pread64, pread);

ssize_t __pread_chk(int fd, void *buf, size_t n, off_t off, size_t room);
ssize_t __pread_chk(int fd, void *buf, size_t n, off_t off, size_t room)
{
	if (n > room)
		abort();
	return pread(fd, buf, n, off);
}
ALSO(__pread64_chk, __pread_chk);

ssize_t pwrite(int fd, const void *buf, size_t n, off_t off)
{
	return RAW(SYS_pwrite64, fd, buf, n, off < 0 ? off : off + shift_of(fd));
}
ALSO(pwrite64, pwrite);

/* -1 is the file position, for preadv2() and pwritev2(). */
static ssize_t vector(long number, int fd, const struct iovec *iov, int n, off_t off, int flags)
{
	return RAW(number, fd, iov, n, off < 0 ? off : off + shift_of(fd), 0L, flags);
}

ssize_t preadv2(int fd, const struct iovec *iov, int n, off_t off, int flags)
{
	return vector(SYS_preadv2, fd, iov, n, off, flags);
}
ALSO(preadv64v2, preadv2);

ssize_t pwritev2(int fd, const struct iovec *iov, int n, off_t off, int flags)
{
	return vector(SYS_pwritev2, fd, iov, n, off, flags);
}
ALSO(pwritev64v2, pwritev2);

ssize_t preadv(int fd, const struct iovec *iov, int n, off_t off)
{
	return vector(SYS_preadv, fd, iov, n, off, 0);
}
ALSO(preadv64, preadv);

ssize_t pwritev(int fd, const struct iovec *iov, int n, off_t off)
{
	return vector(SYS_pwritev, fd, iov, n, off, 0);
}
ALSO(pwritev64, pwritev);

void *mmap(void *at, size_t n, int protection, int flags, int fd, off_t off)
{
	if (!(flags & MAP_ANONYMOUS))
		off += shift_of(fd);
	return (void *)RAW(SYS_mmap, at, n, protection, flags, fd, off);
}
ALSO(mmap64, mmap);

/* ---- from one file to another -------------------------------------------------------------------------- */

/* Shift the offset that a call takes and gives back, if it has one; returns where it is now. */
static off_t *shift_in(int fd, const off_t *off, off_t *copy)
{
	if (!off)
		return NULL;
	*copy = *off + shift_of(fd);
	return copy;
}

static void shift_out(int fd, off_t *off, off_t copy)
{
	if (off)
		*off = copy - shift_of(fd);
}

static ssize_t between(long number, int in, off_t *off_in, int out, off_t *off_out, size_t n,
	unsigned flags)
{
	off_t at_in = 0, at_out = 0;
	ssize_t done = RAW(number, in, shift_in(in, off_in, &at_in), out,
		shift_in(out, off_out, &at_out), n, flags);

	if (done >= 0) {
		shift_out(in, off_in, at_in);
		shift_out(out, off_out, at_out);
	}
	return done;
}

ssize_t copy_file_range(int in, off_t *off_in, int out, off_t *off_out, size_t n, unsigned flags)
{
	return between(SYS_copy_file_range, in, off_in, out, off_out, n, flags);
}

ssize_t splice(int in, off_t *off_in, int out, off_t *off_out, size_t n, unsigned flags)
{
	return between(SYS_splice, in, off_in, out, off_out, n, flags);
}

ssize_t sendfile(int out, int in, off_t *off, size_t n)
{
	off_t at = 0;
	ssize_t done = RAW(SYS_sendfile, out, in, shift_in(in, off, &at), n);

	if (done >= 0)
		shift_out(in, off, at);
	return done;
}
ALSO(sendfile64, sendfile);

/* ---- calls that don't have a function of their own ------------------------------------------------------ */

static off_t shift_of_block(const struct iocb *block)
{
	switch (block->aio_lio_opcode) {
	case IOCB_CMD_PREAD:
	case IOCB_CMD_PWRITE:
	case IOCB_CMD_PREADV:
	case IOCB_CMD_PWRITEV:
		return shift_of((int)block->aio_fildes);
	default:
		return 0;
	}
}

/* libaio's, which hands control blocks to the kernel and is done with them when it returns. */
int io_submit(aio_context_t context, long n, struct iocb **blocks);
int io_submit(aio_context_t context, long n, struct iocb **blocks)
{
	long done;

	for (long k = 0; k < n; k++)
		blocks[k]->aio_offset += shift_of_block(blocks[k]);
	done = RAW(SYS_io_submit, context, n, blocks);
	for (long k = 0; k < n; k++)
		blocks[k]->aio_offset -= shift_of_block(blocks[k]);
	return done < 0 ? -errno : (int)done;
}

long syscall(long number, ...)
{
	long a[6];
	va_list ap;

	va_start(ap, number);
	for (int k = 0; k < 6; k++)
		a[k] = va_arg(ap, long);
	va_end(ap);
	if (number == SYS_copy_file_range)
		return copy_file_range((int)a[0], (off_t *)a[1], (int)a[2], (off_t *)a[3],
			(size_t)a[4], (unsigned)a[5]);
	return RAW(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
