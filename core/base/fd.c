/* SPDX-License-Identifier: MIT */
/*
 * Descriptors: complete transfers, and lseek(2)'s view of holes.
 *
 * read(2) and write(2) may stop early, at a signal or at a limit of the filesystem, and
 * say so only by their count. The loops here go on where they stopped; an error on the
 * way is what a caller sees, even if some bytes were transferred. A count of 0 ends a
 * read, as it is the end of the file.
 */
#include "base/fd.h"

#include <stdio.h>

#include "base/checked.h"

const char *fd_path_in(char out[FD_PATH_BYTES], int fd)
{
	(void)snprintf(out, FD_PATH_BYTES, "/proc/self/fd/%d", fd);
	return out;
}

ssize_t fd_read(int fd, void *buf, size_t n)
{
	size_t done = 0;

	while (done < n) {
		ssize_t got = TEMP_FAILURE_RETRY(read(fd, (char *)buf + done, n - done));

		if (got < 0)
			return -errno;
		if (!got)
			break;
		done += (size_t)got;
	}
	return (ssize_t)done;
}

int fd_write(int fd, const void *buf, size_t n)
{
	for (const char *p = buf; n;) {
		ssize_t put = TEMP_FAILURE_RETRY(write(fd, p, n));

		if (put < 0)
			return -errno;
		p += put;
		n -= (size_t)put;
	}
	return 0;
}

int fd_pwrite(int fd, const void *buf, size_t n, uint64_t off)
{
	for (const char *p = buf; n;) {
		ssize_t put = TEMP_FAILURE_RETRY(pwrite(fd, p, n, (off_t)off));

		if (put < 0)
			return -errno;
		p += put;
		off += (uint64_t)put;
		n -= (size_t)put;
	}
	return 0;
}

int fd_opendir(int fd, DIR **out)
{
	if (fd < 0)
		return fd;
	*out = fdopendir(fd);
	if (*out)
		return 0;
	fd_close(fd);
	return -errno;
}

int fd_sync(int fd)
{
	return or_errno((int)TEMP_FAILURE_RETRY(fsync(fd)));
}

/* ENXIO: no data behind `at`. EINVAL or EOPNOTSUPP: the filesystem can't tell, so all of
   it counts as data. The file may change between the two calls; the result is then what
   one of the two moments had, and within [at, size). */
int fd_next_data(int fd, uint64_t at, uint64_t size, uint64_t *from, uint64_t *to)
{
	off_t data = lseek(fd, (off_t)at, SEEK_DATA), hole;

	*from = *to = size;
	if (data < 0 && errno == ENXIO)
		return 0;
	if (data < 0 && errno != EINVAL && errno != EOPNOTSUPP)
		return -errno;
	*from = data < 0 ? at : min_u64((uint64_t)data, size);
	hole = data < 0 ? -1 : lseek(fd, data, SEEK_HOLE);
	*to = hole < 0 ? size : min_u64((uint64_t)hole, size);
	return 0;
}
