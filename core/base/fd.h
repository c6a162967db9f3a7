/* SPDX-License-Identifier: MIT */
/*
 * Descriptors: closed at the end of a scope, reached by their names in /proc, read and
 * written without short transfers or interruptions.
 */
#ifndef ALCM_BASE_FD_H
#define ALCM_BASE_FD_H

#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <sys/types.h>
#include <unistd.h>

/* Closes it unless it is below 0; errno stays. */
static inline void fd_close(int fd)
{
	int err = errno;

	if (fd >= 0)
		(void)close(fd);
	errno = err;
}

static inline void fd_close_ptr(int *fd)
{
	fd_close(*fd);
}

/* Closes the local descriptor at the end of its scope; fd_steal() hands it over. */
#define AUTO_CLOSE __attribute__((cleanup(fd_close_ptr)))

static inline int fd_steal(int *fd)
{
	int stolen = *fd;

	*fd = -1;
	return stolen;
}

/* A call's result, or a negative errno if it is -1. */
static inline int or_errno(int result)
{
	return result < 0 ? -errno : result;
}

/* "/proc/self/fd/N": names the open file itself, also where `fd` is O_PATH. The text
   lives as long as the enclosing block. */
enum { FD_PATH_BYTES = 32 };
#define fd_path(fd) fd_path_in((char[FD_PATH_BYTES]){ 0 }, fd)
const char *fd_path_in(char out[FD_PATH_BYTES], int fd);

/*
 * Read up to n bytes; fewer only at the end of the file. The number, or a negative errno.
 */
ssize_t fd_read(int fd, void *buf, size_t n);

/* Write all n bytes, at the descriptor's offset or at `off`. 0 or a negative errno. */
int fd_write(int fd, const void *buf, size_t n);
int fd_pwrite(int fd, const void *buf, size_t n, uint64_t off);

/*
 * The open directory `fd` as a stream, which takes the descriptor over, also on failure.
 * A negative `fd` is returned as it is, so that an open's errno passes.
 */
int fd_opendir(int fd, DIR **out);

/* fsync(2), whatever signals come. 0 or a negative errno. */
int fd_sync(int fd);

/*
 * The next range of data in [at, size): [*from, *to), both `size` if only a hole is left.
 * A filesystem that can't tell has one range of data. 0 or a negative errno.
 */
int fd_next_data(int fd, uint64_t at, uint64_t size, uint64_t *from, uint64_t *to);

#endif
