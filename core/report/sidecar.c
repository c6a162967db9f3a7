/* SPDX-License-Identifier: MIT */
/*
 * Sidecars: small files in .alcm/caq, in a tree that mirrors the store's.
 *
 * A sidecar and its directories are at most as readable as what they describe. They are
 * written beside the old one and renamed. Users can change the store's directories at any
 * time, so every path is followed without symbolic links (base/beneath.h).
 *
 *   run1/           0750 alice     .alcm/caq/run1/             0750 alice
 *   run1/w.npy      0640 alice     .alcm/caq/run1/w.npy.json   0640 alice
 *
 * Nothing is synced. After a crash a sidecar is the old one, the new one or missing, and
 * all it says is in the blob as well: it is made again when it isn't current. Left over
 * may be .alcm-new.TID, which the next writer with that thread's id removes, and a
 * summary from before the change, if the crash came between renaming and removing it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "alcm.h"
#include "base/alloc.h"
#include "base/beneath.h"
#include "base/fd.h"
#include "report/sidecar_dir.h"

#define TOP ".alcm/caq"

enum { TEXT_MAX = 1 << 20 }; /* far longer than any report */

int alcm_open_beneath(int dirfd, const char *path, int flags, mode_t mode)
{
	return beneath_open(dirfd, path, flags, mode);
}

/* ---- who may read a sidecar -------------------------------------------------------- */

/* The owner and mode for a sidecar about an open file. A mode can't express an ACL, so a
   file with one has a sidecar for its owner only. */
static int mode_like(int about_fd, struct stat *st)
{
	if (fstat(about_fd, st))
		return -errno;
	st->st_mode &= fgetxattr(about_fd, "system.posix_acl_access", NULL, 0) > 0 ? 0400
																			   : 0444;
	st->st_mode |= S_IWUSR;
	return 0;
}

bool alcm_sidecar_private_enough(const struct stat *st, int about_fd)
{
	struct stat want;

	return !mode_like(about_fd, &want) && (st->st_mode & 07777) == want.st_mode &&
		(geteuid() != 0 || (st->st_uid == want.st_uid && st->st_gid == want.st_gid));
}

/* ---- directories ------------------------------------------------------------------- */

/* Move `*dir` and `*mirrored` down to `name`. The sidecars' directory is made, and made
   as private as the one that it mirrors. */
static int go_down(int *dir, int *mirrored, const char *name)
{
	const int flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	AUTO_CLOSE int image = openat(*mirrored, name, flags), copy = -1;
	struct stat want, is;

	if (image < 0 || fstat(image, &want) ||
		(mkdirat(*dir, name, 0700) && errno != EEXIST))
		return -errno;
	copy = openat(*dir, name, flags);
	if (copy < 0 || fstat(copy, &is))
		return -errno;
	want.st_mode &= 0755;
	/* The owner comes first: a directory that can't be given away must stay closed to
	   others. */
	if (geteuid() == 0 && (is.st_uid != want.st_uid || is.st_gid != want.st_gid) &&
		fchownat(copy, "", want.st_uid, want.st_gid, AT_EMPTY_PATH))
		return -errno;
	/* fchmod() refuses O_PATH descriptors. */
	if ((is.st_mode & 07777) != want.st_mode && chmod(fd_path(copy), want.st_mode))
		return -errno;
	fd_close(*dir);
	fd_close(*mirrored);
	*dir = fd_steal(&copy);
	*mirrored = fd_steal(&image);
	return 0;
}

/* Open the tree's root, and make it if asked to. */
static int open_top(int store_dirfd, bool make)
{
	int top = beneath_open(store_dirfd, TOP, O_PATH | O_DIRECTORY, 0);

	if (top != -ENOENT || !make)
		return top;

	char last[NAME_MAX + 1];
	AUTO_CLOSE int admin = beneath_parent(store_dirfd, TOP, last);

	if (admin < 0)
		return admin;
	(void)mkdirat(admin, last, 0755);
	return open_top(store_dirfd, false);
}

int sidecar_open_dir(int store_dirfd, const char *dir)
{
	AUTO_CLOSE int top = open_top(store_dirfd, false);

	if (top < 0)
		return top;
	return beneath_open(top, *dir ? dir : ".", O_RDONLY | O_DIRECTORY, 0);
}

/* Make the directories of `name`, and with `is_dir` its last component. */
static int make_dirs(int store_dirfd, const char *name, bool is_dir)
{
	AUTO_CLOSE int dir = open_top(store_dirfd, true);
	AUTO_CLOSE int mirrored = openat(store_dirfd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	char step[NAME_MAX + 1];
	int err = 0;

	if (dir < 0)
		return dir;
	if (mirrored < 0)
		return -errno;
	while (!err && *name) {
		err = beneath_next(&name, step);
		if (err > 0)
			err = *name || is_dir ? go_down(&dir, &mirrored, step) : 0;
	}
	return err;
}

int alcm_sidecar_mkdir(const struct alcm_store *store, const char *name)
{
	return make_dirs(alcm_store_dirfd(store), name, true);
}

/* Open the directory of sidecar `name`; its last component goes to `last`. */
static int open_dir_of(int store_dirfd, const char *name, bool make,
	char last[NAME_MAX + 1])
{
	AUTO_CLOSE int top = open_top(store_dirfd, make);
	int dir = top < 0 ? top : beneath_parent(top, name, last);

	if (top < 0 || dir != -ENOENT || !make)
		return dir;
	return make_dirs(store_dirfd, name, false) ?: beneath_parent(top, name, last);
}

/* ---- reading and writing ----------------------------------------------------------- */

/*
 * A regular file of moderate size only: the tree is on the store, where users may write.
 */
static int read_text(int fd, char **out, size_t *len, struct stat *st)
{
	AUTO_FREE char *text = NULL;
	ssize_t n;

	if (fstat(fd, st))
		return -errno;
	if (!S_ISREG(st->st_mode))
		return -EINVAL;
	if (st->st_size > TEXT_MAX)
		return -EFBIG;
	text = mem_alloc((size_t)st->st_size + 1);
	if (!text)
		return -ENOMEM;
	n = fd_read(fd, text, (size_t)st->st_size);
	if (n < 0)
		return (int)n;
	text[n] = '\0';
	*len = (size_t)n;
	*out = steal(text);
	return 0;
}

int sidecar_read_at(int dir, const char *name, char **text, size_t *len, struct stat *st)
{
	AUTO_CLOSE int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	return fd < 0 ? -errno : read_text(fd, text, len, st);
}

int alcm_sidecar_read(const struct alcm_store *store, const char *name, char **text,
	size_t *len, struct stat *st)
{
	char last[NAME_MAX + 1];
	AUTO_CLOSE int dir = open_dir_of(alcm_store_dirfd(store), name, false, last);

	return dir < 0 ? dir : sidecar_read_at(dir, last, text, len, st);
}

int sidecar_write_text(int fd, const char *text, const struct stat *like)
{
	int err = fd_write(fd, text, strlen(text));

	/* Without privilege the owner can't be changed; then the file is ours, and its mode
	   is no wider than that of `like`. */
	if (!err && fchown(fd, like->st_uid, like->st_gid) && geteuid() == 0)
		return -errno;
	return err ?: or_errno(fchmod(fd, like->st_mode));
}

/* A sidecar, or a directory of them, was added, changed or removed: the summaries above
   are out of date. The draft goes first, or one that was added up before the change could
   still be renamed between the two. */
static void invalidate_summaries(int store_dirfd, const char *name)
{
	int dir = sidecar_open_dir(store_dirfd, "");
	char step[NAME_MAX + 1];

	while (dir >= 0) {
		int next = -1;

		(void)unlinkat(dir, SUMMARY_DRAFT, 0);
		(void)unlinkat(dir, ALCM_SUMMARY_NAME, 0);
		if (beneath_next(&name, step) > 0 && *name)
			next = openat(dir, step, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		close(dir);
		dir = next;
	}
}

/* Write a new file and rename it over the old one. An existing file is never written
   into, as it could be a link to another one. */
static int replace(int dir, const char *last, const char *text, const struct stat *like)
{
	char temp[48];
	int fd, err;

	(void)snprintf(temp, sizeof(temp), ".alcm-new.%x", (unsigned)gettid());
	(void)unlinkat(dir, temp, 0);
	fd = openat(dir, temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	err = sidecar_write_text(fd, text, like);
	if (close(fd) && !err)
		err = -errno;
	if (!err && renameat(dir, temp, dir, last))
		err = -errno;
	if (err)
		(void)unlinkat(dir, temp, 0);
	return err;
}

int alcm_sidecar_write(const struct alcm_store *store, const char *name, const char *text,
	int about_fd)
{
	char last[NAME_MAX + 1];
	struct stat like;
	int err = mode_like(about_fd, &like);
	AUTO_CLOSE int dir = err ?: open_dir_of(alcm_store_dirfd(store), name, true, last);

	if (dir < 0)
		return dir;
	err = replace(dir, last, text, &like);
	invalidate_summaries(alcm_store_dirfd(store), name);
	return err;
}

/* ---- following their files --------------------------------------------------------- */

int alcm_sidecar_remove(const struct alcm_store *store, const char *name, bool is_dir)
{
	char last[NAME_MAX + 1];
	AUTO_CLOSE int dir = open_dir_of(alcm_store_dirfd(store), name, false, last);
	int err;

	if (dir < 0)
		return dir;
	/* The directory's sidecars and summary are removed with it. */
	err = is_dir ? beneath_remove_tree(dir, last) : or_errno(unlinkat(dir, last, 0));
	if (!err)
		invalidate_summaries(alcm_store_dirfd(store), name);
	return err;
}

/* Directories are removed upwards for as long as the store has no such directory. */
void alcm_sidecar_prune(const struct alcm_store *store, const char *name)
{
	char path[PATH_MAX], *slash;

	if ((size_t)snprintf(path, sizeof(path), "%s", name) >= sizeof(path))
		return;
	(void)alcm_sidecar_remove(store, path, false);
	while ((slash = strrchr(path, '/'))) {
		*slash = '\0';

		AUTO_CLOSE int image = beneath_open(alcm_store_dirfd(store), path,
			O_PATH | O_DIRECTORY, 0);

		if (image >= 0 || alcm_sidecar_remove(store, path, true))
			return;
	}
}

static int replace_by_rename(int dir, const char *from, int new_dir, const char *to,
	unsigned flags)
{
	if (!renameat2(dir, from, new_dir, to, flags))
		return 0;
	/* rename(2) in the store only replaces empty directories, so sidecars left in the
	   target are stale. */
	if ((errno != ENOTEMPTY && errno != EEXIST) || beneath_remove_tree(new_dir, to))
		return -errno;
	return or_errno(renameat2(dir, from, new_dir, to, flags));
}

int alcm_sidecar_move(const struct alcm_store *store, const char *from, const char *to,
	unsigned flags)
{
	char last[NAME_MAX + 1], new_last[NAME_MAX + 1];
	AUTO_CLOSE int dir = open_dir_of(alcm_store_dirfd(store), from, false, last);

	if (dir < 0)
		return dir;
	if (faccessat(dir, last, F_OK, AT_SYMLINK_NOFOLLOW))
		return -errno;

	AUTO_CLOSE int new_dir = open_dir_of(alcm_store_dirfd(store), to, true, new_last);
	int err = new_dir < 0 ? new_dir
						  : replace_by_rename(dir, last, new_dir, new_last, flags);

	if (!err) {
		invalidate_summaries(alcm_store_dirfd(store), from);
		invalidate_summaries(alcm_store_dirfd(store), to);
	}
	return err;
}
