/* SPDX-License-Identifier: MIT */
/*
 * Paths of open files, from /proc/self/fd. They are only for messages, reports and jobs,
 * because a path may be outdated as soon as it is read.
 *
 *   /srv/store/run/a.npy             "run/a.npy"
 *   /srv/store                       "."
 *   /srv/store/run/a.npy (deleted)   "run/a.npy (deleted)": callers that need a name that
 *                                    exists look at st_nlink (admin.c)
 *   /srv/other/a.npy                 none: it was moved out of the store
 */
#include "path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int path_open_quietly(const char *path)
{
	const int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;
	int fd = open(path, flags | O_NOATIME);

	return fd < 0 && errno == EPERM ? open(path, flags) : fd;
}

/* The store's own path is read each time: it may be renamed while it is mounted. */
bool path_below(const struct fs *fs, int fd, char buf[PATH_TEXT])
{
	char store[PATH_TEXT];
	ssize_t n = readlink(fd_path(fd), buf, PATH_TEXT - 1);
	ssize_t top = readlink(fd_path(fs->store_fd), store, sizeof(store) - 1);

	if (n < 0 || top < 0)
		return false;
	buf[n] = '\0';
	if (top == 1) /* the store is the root directory */
		top = 0;
	if (n < top || memcmp(buf, store, (size_t)top) != 0 || (n > top && buf[top] != '/'))
		return false;
	if (n == top) {
		strcpy(buf, ".");
		return true;
	}
	memmove(buf, buf + top + 1, (size_t)(n - top));
	return true;
}

const char *path_for_job(const struct fs *fs, int fd, char buf[PATH_TEXT])
{
	if (!path_below(fs, fd, buf))
		buf[0] = '\0';
	return buf;
}

const char *path_of(const struct fs *fs, int fd, char buf[PATH_TEXT])
{
	struct stat st;

	if (path_below(fs, fd, buf))
		return buf;
	if (fstatat(fd, "", &st, AT_EMPTY_PATH))
		return strcpy(buf, "a file");
	snprintf(buf, PATH_TEXT, "inode %llu", (unsigned long long)st.st_ino);
	return buf;
}
