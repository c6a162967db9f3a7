/* SPDX-License-Identifier: MIT */
#include "cli_sidecar.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SIDECAR_TOP ".alcm/caq"
#define SIDECAR_MAX_BYTES (1u << 20) /* far more than any report has */

char *sidecar_path(const char *rel)
{
	char *path;

	return asprintf(&path, SIDECAR_TOP "/%s.json", rel) < 0 ? NULL : path;
}

/* All of the file behind `fd`, or -1. */
static ssize_t read_all(int fd, char *buf, size_t room)
{
	size_t n = 0;

	while (n < room) {
		ssize_t got = read(fd, buf + n, room - n);

		if (got < 0)
			return -1;
		if (got == 0)
			return (ssize_t)n;
		n += (size_t)got;
	}
	return -1;
}

enum sidecar_state sidecar_check(int store_dirfd, const char *rel, const struct alcm_info *info,
	const struct timespec *mtime)
{
	enum sidecar_state state = SIDECAR_STALE;
	char *path = sidecar_path(rel), *text = malloc(SIDECAR_MAX_BYTES);
	int fd = path ? openat(store_dirfd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
	ssize_t n;

	if (fd < 0) {
		state = SIDECAR_MISSING;
	} else {
		n = text ? read_all(fd, text, SIDECAR_MAX_BYTES) : -1;
		if (n >= 0 && alcm_report_current(text, (size_t)n, info, rel, mtime))
			state = SIDECAR_CURRENT;
		close(fd);
	}
	free(text);
	free(path);
	return state;
}

/* Owners are given where we may; that we may not is no failure. */
static void give_to(int fd, const struct stat *st)
{
	(void)!fchown(fd, st->st_uid, st->st_gid);
}

/*
 * mkdir -p of everything above the last component of a sidecar's path; what mirrors a
 * directory of the store is as private as that. `path` is put back as it was.
 */
static int make_parents(int dirfd, char *path)
{
	const size_t top = strlen(SIDECAR_TOP);

	for (char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		struct stat st = { .st_mode = 0755, .st_uid = geteuid(), .st_gid = getegid() };
		bool mirrors = (size_t)(slash - path) > top;
		int err = 0;

		*slash = '\0';
		if (mirrors && fstatat(dirfd, path + top + 1, &st, AT_SYMLINK_NOFOLLOW) != 0)
			err = -errno;
		else if (mkdirat(dirfd, path, st.st_mode & 0755) == 0)
			(void)!fchownat(dirfd, path, st.st_uid, st.st_gid, AT_SYMLINK_NOFOLLOW);
		else if (errno != EEXIST)
			err = -errno;
		*slash = '/';
		if (err)
			return err;
	}
	return 0;
}

static int write_text(int dirfd, const char *path, const char *text, const struct stat *st)
{
	int fd = openat(dirfd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	size_t n = strlen(text);
	int err = 0;

	if (fd < 0)
		return -errno;
	while (n > 0 && !err) {
		ssize_t put = write(fd, text, n);

		if (put < 0)
			err = -errno;
		else
			text += put, n -= (size_t)put;
	}
	give_to(fd, st);
	if (!err && fchmod(fd, st->st_mode & 0444) != 0)
		err = -errno;
	return close(fd) != 0 && !err ? -errno : err;
}

/* Readers see the old report or the new one, never half of one. */
static int replace_text(int dirfd, const char *path, const char *text, const struct stat *st)
{
	char *tmp;
	int err;

	if (asprintf(&tmp, ".alcm/caq.new.%ld", (long)getpid()) < 0)
		return -ENOMEM;
	err = write_text(dirfd, tmp, text, st);
	if (!err && renameat(dirfd, tmp, dirfd, path) != 0)
		err = -errno;
	if (err)
		unlinkat(dirfd, tmp, 0);
	free(tmp);
	return err;
}

int sidecar_write(int store_dirfd, const char *rel, const struct alcm_info *info,
	const struct stat *st)
{
	char *path = sidecar_path(rel), *text = NULL;
	int err = path ? alcm_report_json(info, rel, &st->st_mtim, &text) : -ENOMEM;

	if (!err)
		err = make_parents(store_dirfd, path);
	if (!err)
		err = replace_text(store_dirfd, path, text, st);
	alcm_free_text(text);
	free(path);
	return err;
}

static int write_for_fd(struct alcm *alcm, int store_dirfd, const char *rel, int fd)
{
	struct alcm_blob *blob;
	struct alcm_info info;
	struct stat st;
	int err;

	if (fstat(fd, &st) != 0)
		return -errno;
	err = alcm_blob_open(alcm, fd, false, &blob, NULL);
	if (err)
		return err;
	err = alcm_blob_info(blob, &info, NULL);
	alcm_blob_close(blob);
	return err ? err : sidecar_write(store_dirfd, rel, &info, &st);
}

int sidecar_write_for(struct alcm *alcm, int store_dirfd, const char *rel)
{
	int fd = openat(store_dirfd, rel, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	int err;

	if (fd < 0)
		return -errno;
	err = write_for_fd(alcm, store_dirfd, rel, fd);
	close(fd);
	return err;
}

void sidecar_remove(int store_dirfd, const char *rel)
{
	char *path = sidecar_path(rel);

	if (path)
		unlinkat(store_dirfd, path, 0);
	free(path);
}
