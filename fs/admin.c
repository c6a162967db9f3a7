/* SPDX-License-Identifier: MIT */
/*
 * Reports in .alcm/caq, and the schedulers beside them.
 *
 *   STORE/run/w.npy                         a blob
 *   STORE/.alcm/caq/run/w.npy.json          its report
 *   STORE/.alcm/caq/run/.alcm-scheduler     the scheduler of the directory run
 *
 * A report may be stale at any time: its file may be renamed, removed or changed while
 * the report is written. So writers look at the name and ctime again afterwards and
 * repeat, and a report that is asked for is compared with the blob first. Nothing depends
 * on a report: a store without any works as well.
 *
 *   a close                     admin_write_report(), by a thread (reports.c)
 *   a close, lossy profile      admin_write_lossy() at once, since only the commit knows
 *                               why values were not changed
 *   a look into .alcm           admin_refresh(): made current, made, or removed
 *   getxattr user.alcm.report   admin_report(): the stored one if it is current
 *   rename, unlink              admin_moved(), admin_removed()
 *
 * A summary is due whenever a report changes (summaries.c).
 */
#include "admin.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "content.h"
#include "inode.h"
#include "mount_log.h"
#include "path.h"

#define CAQ ADMIN_NAME "/caq"

/* Kept among the reports of a directory, which all end in .json. */
#define SCHEDULER ".alcm-scheduler"

/* The path in .alcm/caq for DIR/NAME, from an open directory of the store. False: too
   long or unknown. */
static bool sidecar_name(struct fs *fs, int dir_fd, const char *name, bool is_dir,
	char out[PATH_TEXT])
{
	char dir[PATH_TEXT], path[PATH_TEXT];
	int n;

	if (!path_below(fs, dir_fd, dir))
		return false;
	n = snprintf(path, sizeof(path), "%s%s%s", strcmp(dir, ".") ? dir : "",
		strcmp(dir, ".") ? "/" : "", name);
	if (n <= 0 || n >= PATH_MAX)
		return false;
	if (!is_dir)
		return !alcm_sidecar_name(path, out, PATH_MAX);
	memcpy(out, path, (size_t)n + 1);
	return true;
}

/* Write the report of the file `fd` with the path `name`. */
static void write_report(struct fs *fs, const struct alcm_info *info, const char *name,
	int fd)
{
	char sidecar[PATH_TEXT], *json;
	struct stat st;
	int err = alcm_sidecar_name(name, sidecar, sizeof(sidecar))
		?: (fstat(fd, &st) ? -errno : alcm_report_json(info, name, &st.st_mtim, &json));

	if (!err) {
		err = alcm_sidecar_write(fs->store, sidecar, json, fd);
		alcm_free_text(json);
		summaries_changed(fs);
	}
	if (err && err != -ENOENT) /* the directory is gone: see below */
		fs_log(fs, ALCM_LOG_WARNING, "%s: no report: %s", name, strerror(-err));
}

/* The path by the names that were looked up last. */
static bool name_in_table(struct fs *fs, const struct inode *i, char name[PATH_TEXT])
{
	WITH_LOCK(&fs->table_lock);

	AUTO_FREE char *path = inode_path_locked(i);

	if (!path || !*path || strlen(path) >= PATH_MAX)
		return false;
	strcpy(name, path);
	return true;
}

/*
 * The path of a file that has a name, and its attributes. A descriptor stands for one of
 * the file's names, which may be removed while others exist; then the table's name is
 * used.
 */
static bool named(struct fs *fs, const struct inode *i, int path_fd, char name[PATH_TEXT],
	struct stat *st)
{
	static const char gone[] = " (deleted)";
	size_t n;

	if (fstatat(path_fd, "", st, AT_EMPTY_PATH) || !st->st_nlink)
		return false;
	if (st->st_nlink > 1 || !path_below(fs, path_fd, name))
		return name_in_table(fs, i, name);
	n = strlen(name);
	if (n > strlen(gone) && strcmp(name + n - strlen(gone), gone) == 0)
		return name_in_table(fs, i, name);
	return true;
}

void admin_write_lossy(struct fs *fs, struct inode *i, const struct alcm_info *info)
{
	char name[PATH_TEXT];
	struct stat st;

	if (!named(fs, i, i->path_fd, name, &st))
		return;

	AUTO_CLOSE int fd = path_open_quietly(fd_path(i->path_fd));

	if (fd >= 0)
		write_report(fs, info, name, fd);
}

/* The report in the store if it is current, else NULL. */
static char *current_report(struct fs *fs, const struct alcm_info *info, const char *name,
	const char *sidecar, int fd)
{
	struct stat st, is;
	char *text = NULL;
	size_t len;

	if (fstat(fd, &st) || alcm_sidecar_read(fs->store, sidecar, &text, &len, &is))
		return NULL;
	if (alcm_sidecar_private_enough(&is, fd) &&
		alcm_report_current(text, len, info, name, &st.st_mtim))
		return text;
	alcm_free_text(text);
	return NULL;
}

static bool report_current(struct fs *fs, const struct alcm_info *info, const char *name,
	const char *sidecar, int fd)
{
	char *text = current_report(fs, info, name, sidecar, fd);

	alcm_free_text(text);
	return text;
}

/* A report of the last commit in the store: the stored one, or, if that is missing or
   stale, a new one that is then due to be written. */
static int stored_report(struct fs *fs, struct inode *i, int path_fd, int fd, char **out)
{
	char name[PATH_TEXT], sidecar[PATH_TEXT];
	struct alcm_blob *blob = NULL;
	struct alcm_info info;
	struct stat st;
	int err = alcm_blob_open(fs->alcm, fd, false, &blob, NULL);
	bool has_name = named(fs, i, path_fd, name, &st) &&
		!alcm_sidecar_name(name, sidecar, sizeof(sidecar));

	*out = NULL;
	if (!err)
		err = alcm_blob_info(blob, &info, NULL);
	if (!err && has_name)
		*out = current_report(fs, &info, name, sidecar, fd);
	if (!err && !*out) {
		err = alcm_blob_list_tensors(blob, &info)
			?: alcm_report_json(&info, has_name ? name : path_of(fs, fd, name),
				   &st.st_mtim, out);
		if (!err && has_name && !fs->only_reads)
			reports_due(fs, i);
	}
	alcm_blob_close(blob);
	return err;
}

/* The last commit comes first, as the stored report is of that. A file that was never
   committed, or that is being converted, has only its open content. */
int admin_report(struct fs *fs, struct inode *i, int path_fd, char **out)
{
	char name[PATH_TEXT];
	AUTO_CLOSE int fd = path_open_quietly(fd_path(path_fd));
	struct alcm_info info;
	struct stat st;
	int err;

	if (fd < 0)
		return -errno;
	err = stored_report(fs, i, path_fd, fd, out);
	/* Without a commit, or while it is converted, the open content knows more. */
	if (err && err != -EMEDIUMTYPE) {
		err = content_info(fs, i, path_fd, &info)
			?: (fstat(fd, &st) ? -errno
							   : alcm_report_json(&info, path_of(fs, fd, name),
									 &st.st_mtim, out));
	}
	return err == -EMEDIUMTYPE ? -ENODATA : err;
}

/* Open the store's file NAME without changing its access time, where the store allows
   that. */
static int open_stored(struct fs *fs, const char *name)
{
	const int flags = O_RDONLY | O_NONBLOCK;
	int fd = alcm_open_beneath(fs->store_fd, name, flags | O_NOATIME, 0);

	return fd == -EPERM ? alcm_open_beneath(fs->store_fd, name, flags, 0) : fd;
}

/* Make the report of the store's file NAME current, or remove it if NAME isn't a blob. */
static void refresh_report(struct fs *fs, const char *name, const char *sidecar)
{
	struct alcm_blob *blob = NULL;
	struct alcm_info info;
	struct stat st;
	AUTO_CLOSE int fd = open_stored(fs, name);

	if (fd == -ENOENT)
		alcm_sidecar_prune(fs->store, sidecar);
	else if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode) ||
		alcm_blob_open(fs->alcm, fd, false, &blob, NULL) ||
		alcm_blob_info(blob, &info, NULL))
		(void)alcm_sidecar_remove(fs->store, sidecar, false);
	else if (!report_current(fs, &info, name, sidecar, fd) &&
		!alcm_blob_list_tensors(blob, &info))
		write_report(fs, &info, name, fd);
	alcm_blob_close(blob);
}

void admin_write_report(struct fs *fs, struct inode *i, int path_fd)
{
	enum {
		N_TRIES = 3
	}; /* for a file that keeps changing; its last change makes the report due again */
	char name[PATH_TEXT], now[PATH_TEXT], sidecar[PATH_TEXT];
	struct stat before, after;

	for (unsigned k = 0; k < N_TRIES && named(fs, i, path_fd, name, &before); k++) {
		if (alcm_sidecar_name(name, sidecar, sizeof(sidecar)))
			return;
		refresh_report(fs, name, sidecar);
		if (named(fs, i, path_fd, now, &after) && strcmp(now, name) == 0 &&
			!memcmp(&before.st_ctim, &after.st_ctim, sizeof(before.st_ctim)))
			return;
		/* It was renamed, removed or converted before the report was there: update that
		   name's report again. */
		refresh_report(fs, name, sidecar);
	}
}

void admin_refresh(struct fs *fs, int dir_fd, const char *name)
{
	char dir[PATH_TEXT], sidecar[PATH_TEXT];
	char target[PATH_MAX + NAME_MAX];
	size_t top = strlen(CAQ);

	if (fs->only_reads || !path_below(fs, dir_fd, dir))
		return;
	/* The first report creates the directory. */
	if (strcmp(dir, ADMIN_NAME) == 0 &&
		faccessat(dir_fd, name, F_OK, AT_SYMLINK_NOFOLLOW))
		reports_finish(fs);
	if (strncmp(dir, CAQ, top) != 0 || (dir[top] && dir[top] != '/') ||
		snprintf(sidecar, sizeof(sidecar), "%s%s%s", dir + top + (dir[top] == '/'),
			dir[top] ? "/" : "", name) >= PATH_MAX)
		return;
	if (strcmp(name, ALCM_SUMMARY_NAME) == 0) {
		reports_finish(fs);
		summaries_refresh(fs, dir + top + (dir[top] == '/'));
	} else if (!alcm_sidecar_file(fs->store, sidecar, target, sizeof(target))) {
		refresh_report(fs, target, sidecar);
	} else {
		(void)alcm_sidecar_mkdir(fs->store, sidecar);
	}
}

/* The scheduler's path, DIR/SCHEDULER, for a file in DIR. */
static bool scheduler_name(struct fs *fs, int file_fd, char out[PATH_TEXT])
{
	char name[PATH_TEXT], *slash;
	int n;

	if (!path_below(fs, file_fd, name))
		return false;
	slash = strrchr(name, '/');
	n = snprintf(out, PATH_TEXT, "%.*s%s", slash ? (int)(slash + 1 - name) : 0, name,
		SCHEDULER);
	return n > 0 && n < PATH_MAX;
}

void admin_read_scheduler(struct fs *fs, int file_fd, struct alcm_scheduler *out)
{
	char name[PATH_TEXT], *text = NULL;
	struct stat st;
	size_t len;

	alcm_scheduler_init(out);
	if (scheduler_name(fs, file_fd, name) &&
		!alcm_sidecar_read(fs->store, name, &text, &len, &st) &&
		alcm_scheduler_parse(text, len, out, NULL))
		fs_log(fs, ALCM_LOG_WARNING,
			CAQ "/%s is not a scheduler state; starting a new one", name);
	alcm_free_text(text);
}

void admin_write_scheduler(struct fs *fs, int file_fd,
	const struct alcm_scheduler *scheduler)
{
	char name[PATH_TEXT], *text;
	int err = alcm_scheduler_json(scheduler, &text);

	if (err)
		return;
	if (scheduler_name(fs, file_fd, name)) {
		err = alcm_sidecar_write(fs->store, name, text, file_fd);
		if (err)
			fs_log(fs, ALCM_LOG_WARNING, CAQ "/%s: %s", name, strerror(-err));
	}
	alcm_free_text(text);
}

int admin_scheduler(struct fs *fs, int path_fd, char **out)
{
	char dir[PATH_TEXT], name[PATH_TEXT + sizeof(SCHEDULER)];
	struct stat st;
	size_t len;
	int err;

	if (!path_below(fs, path_fd, dir))
		return -ENODATA;
	(void)snprintf(name, sizeof(name), "%s/" SCHEDULER, dir);
	err = alcm_sidecar_read(fs->store, name, out, &len, &st);
	return err == -ENOENT ? -ENODATA : err;
}

bool admin_moved(struct fs *fs, int from_fd, const char *from, int to_fd, const char *to,
	unsigned flags)
{
	char old[PATH_TEXT], new[PATH_TEXT];
	bool renew = false;

	/* Move both: a file's report, and a directory of reports. */
	for (int is_dir = 0; is_dir < 2; is_dir++) {
		if (!sidecar_name(fs, from_fd, from, is_dir, old) ||
			!sidecar_name(fs, to_fd, to, is_dir, new))
			return renew;
		int err = alcm_sidecar_move(fs->store, old, new, flags & RENAME_EXCHANGE);

		/* The file at the new name has no report; an old one would be wrong. */
		if (err == -ENOENT)
			err = alcm_sidecar_remove(fs->store, new, false);
		renew |= !err && !is_dir;
	}
	/* It was removed already, before its reports were moved. */
	if (faccessat(to_fd, to, F_OK, AT_SYMLINK_NOFOLLOW)) {
		admin_removed(fs, to_fd, to, true);
		admin_removed(fs, to_fd, to, false);
	}
	summaries_changed(fs);
	return renew;
}

void admin_removed(struct fs *fs, int dir_fd, const char *name, bool is_dir)
{
	char sidecar[PATH_TEXT];

	if (sidecar_name(fs, dir_fd, name, is_dir, sidecar) &&
		!alcm_sidecar_remove(fs->store, sidecar, is_dir))
		summaries_changed(fs);
}
