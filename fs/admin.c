/* SPDX-License-Identifier: MIT */
#include "admin.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "inode.h"
#include "path.h"

#define CAQ ADMIN_NAME "/caq"

/* Beside the reports of a directory, all of which end in .json. */
#define SCHEDULER ".alcm-scheduler"

/* CAQ/DIR/NAME + suffix, from an open directory of the store. False: too long or unknown. */
static bool report_path(struct fs *fs, int dir_fd, const char *name, const char *suffix,
	char out[PATH_TEXT])
{
	char dir[PATH_TEXT];
	int n;

	path_of(fs, dir_fd, dir);
	n = snprintf(out, PATH_TEXT, "%s/%s%s%s%s", CAQ, strcmp(dir, ".") ? dir : "",
		strcmp(dir, ".") ? "/" : "", name, suffix);
	return n > 0 && n < PATH_MAX && dir[0] != '/' && dir[0] != '?';
}

/* Make the directories above `path`, each as private as the one that it mirrors. */
static int make_parents(struct fs *fs, char *path)
{
	size_t top = strlen(CAQ) + 1;

	for (char *p = path + top; (p = strchr(p, '/')); p++) {
		struct stat st;
		int err = 0;

		*p = '\0';
		if (fstatat(fs->store_fd, path + top, &st, AT_SYMLINK_NOFOLLOW))
			err = -errno;
		else if (mkdirat(fs->store_fd, path, st.st_mode & 0755) == 0 && fs->is_root)
			(void)!fchownat(fs->store_fd, path, st.st_uid, st.st_gid,
				AT_SYMLINK_NOFOLLOW);
		*p = '/';
		if (err)
			return err;
	}
	return 0;
}

/* Write beside, then rename: a reader sees the old report or the new one. */
static int write_report(struct fs *fs, char *path, const char *json, const struct stat *st)
{
	char temp[PATH_TEXT + 16];
	size_t len = strlen(json);
	int fd, err = 0;

	snprintf(temp, sizeof(temp), "%s.%x.tmp", path, (unsigned)gettid());
	fd = openat(fs->store_fd, temp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
		0600);
	if (fd < 0 && errno == ENOENT && !make_parents(fs, path))
		fd = openat(fs->store_fd, temp,
			O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	if (write(fd, json, len) != (ssize_t)len || fchmod(fd, (st->st_mode & 0444) | S_IWUSR) ||
		(fs->is_root && fchown(fd, st->st_uid, st->st_gid)) ||
		renameat(fs->store_fd, temp, fs->store_fd, path))
		err = errno ? -errno : -EIO;
	if (err)
		unlinkat(fs->store_fd, temp, 0);
	close(fd);
	return err;
}

/* What a report says of a file's name and time comes from the store's file `fd`. */
static int render(struct fs *fs, const struct alcm_info *info, const char *name,
	const struct stat *st, char *path)
{
	char *json;
	int err = alcm_report_json(info, name, &st->st_mtim, &json);

	if (!err) {
		err = write_report(fs, path, json, st);
		alcm_free_text(json);
	}
	if (err)
		fs_log(fs, ALCM_LOG_WARNING, "%s: no report: %s", name, strerror(-err));
	return err;
}

void admin_write_report(struct fs *fs, struct inode *i)
{
	char name[PATH_TEXT], path[PATH_TEXT];
	struct alcm_info info;
	struct stat st;

	if (!i->content.blob || fstat(i->content.fd, &st) || !st.st_nlink ||
		alcm_blob_info(i->content.blob, &info, NULL))
		return;
	path_of(fs, i->content.fd, name);
	if (name[0] == '/' || snprintf(path, sizeof(path), CAQ "/%s.json", name) >= PATH_MAX)
		return;
	(void)render(fs, &info, name, &st, path);
}

static bool read_report(struct fs *fs, const char *path, char **text, size_t *len)
{
	int fd = openat(fs->store_fd, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	ssize_t n = -1;

	*text = NULL;
	if (fd >= 0 && !fstat(fd, &st) && st.st_size < 1 << 20 &&
		(*text = malloc((size_t)st.st_size + 1)))
		n = read(fd, *text, (size_t)st.st_size);
	if (fd >= 0)
		close(fd);
	*len = n > 0 ? (size_t)n : 0;
	return n > 0;
}

/* The report of the store's file NAME: current after this, or gone if NAME is no blob. */
static void refresh_report(struct fs *fs, const char *name, char *path)
{
	int fd = openat(fs->store_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct alcm_blob *blob = NULL;
	struct alcm_info info;
	struct stat st;
	char *text = NULL;
	size_t len;

	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode) ||
		alcm_blob_open(fs->alcm, fd, false, &blob, NULL) ||
		alcm_blob_info(blob, &info, NULL))
		(void)unlinkat(fs->store_fd, path, 0);
	else if (!read_report(fs, path, &text, &len) ||
		!alcm_report_current(text, len, &info, name, &st.st_mtim))
		(void)render(fs, &info, name, &st, path);
	free(text);
	alcm_blob_close(blob);
	if (fd >= 0)
		close(fd);
}

void admin_refresh(struct fs *fs, int dir_fd, const char *name)
{
	char dir[PATH_TEXT], path[PATH_TEXT];
	size_t top = strlen(CAQ), len = strlen(name);
	struct stat st;

	path_of(fs, dir_fd, dir);
	if (strncmp(dir, CAQ, top) != 0 || (dir[top] && dir[top] != '/') ||
		snprintf(path, sizeof(path), "%s/%s", dir, name) >= PATH_MAX)
		return;
	if (len > 5 && strcmp(name + len - 5, ".json") == 0) {
		char target[PATH_TEXT];

		snprintf(target, sizeof(target), "%s", path + top + 1);
		target[strlen(target) - 5] = '\0';
		refresh_report(fs, target, path);
	} else if (!fstatat(fs->store_fd, path + top + 1, &st, AT_SYMLINK_NOFOLLOW) &&
		S_ISDIR(st.st_mode)) {
		char below[PATH_TEXT + 2];

		snprintf(below, sizeof(below), "%s/", path);
		(void)make_parents(fs, below);
	}
}

/* CAQ/DIR/SCHEDULER for a file in DIR. */
static bool scheduler_path(struct fs *fs, int file_fd, char out[PATH_TEXT])
{
	char name[PATH_TEXT], *slash;
	int n;

	path_of(fs, file_fd, name);
	if (name[0] == '/' || name[0] == '?')
		return false;
	slash = strrchr(name, '/');
	n = snprintf(out, PATH_TEXT, CAQ "/%.*s%s", slash ? (int)(slash + 1 - name) : 0, name,
		SCHEDULER);
	return n > 0 && n < PATH_MAX;
}

void admin_read_scheduler(struct fs *fs, int file_fd, struct alcm_scheduler *out)
{
	char path[PATH_TEXT], *text = NULL;
	size_t len;

	alcm_scheduler_init(out);
	if (scheduler_path(fs, file_fd, path) && read_report(fs, path, &text, &len) &&
		alcm_scheduler_parse(text, len, out, NULL))
		fs_log(fs, ALCM_LOG_WARNING, "%s is no scheduler state; beginning anew", path);
	free(text);
}

void admin_write_scheduler(struct fs *fs, int file_fd, const struct alcm_scheduler *scheduler)
{
	char path[PATH_TEXT], *text;
	struct stat st;
	int err = alcm_scheduler_json(scheduler, &text);

	if (err || !scheduler_path(fs, file_fd, path))
		return;
	err = fstat(file_fd, &st) ? -errno : write_report(fs, path, text, &st);
	if (err)
		fs_log(fs, ALCM_LOG_WARNING, "%s: %s", path, strerror(-err));
	alcm_free_text(text);
}

void admin_moved(struct fs *fs, int from_fd, const char *from, int to_fd, const char *to,
	unsigned flags)
{
	static const char *const suffixes[] = { ".json", "" }; /* a file's, a directory's */

	for (int i = 0; i < 2; i++) {
		char old[PATH_TEXT], new[PATH_TEXT];

		if (!report_path(fs, from_fd, from, suffixes[i], old) ||
			!report_path(fs, to_fd, to, suffixes[i], new))
			return;
		if (faccessat(fs->store_fd, old, F_OK, AT_SYMLINK_NOFOLLOW)) {
			/* What is at the new name now has no report; one of before would lie. */
			(void)unlinkat(fs->store_fd, new, 0);
			continue;
		}
		if (renameat2(fs->store_fd, old, fs->store_fd, new, flags & RENAME_EXCHANGE) &&
			errno == ENOENT && !make_parents(fs, new))
			(void)renameat(fs->store_fd, old, fs->store_fd, new);
	}
}

void admin_removed(struct fs *fs, int dir_fd, const char *name, bool is_dir)
{
	char path[PATH_TEXT];

	if (is_dir && report_path(fs, dir_fd, name, "/" SCHEDULER, path))
		(void)unlinkat(fs->store_fd, path, 0);
	if (report_path(fs, dir_fd, name, is_dir ? "" : ".json", path))
		(void)unlinkat(fs->store_fd, path, is_dir ? AT_REMOVEDIR : 0);
}
