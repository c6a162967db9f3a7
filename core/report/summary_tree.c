/* SPDX-License-Identifier: MIT */
/*
 * Summaries of directories in the tree of sidecars: DIR/summary.json.
 *
 *    a sidecar of DIR is added, changed or removed:
 *        remove .alcm-summary, then summary.json, of DIR and all directories above
 *    making one:
 *        create .alcm-summary, add up, write it, rename it to summary.json
 *
 * A change while a summary is being made removes the file that was to be renamed, so an
 * existing summary is always right. Missing ones below are made first. Above a change all
 * summaries are missing, so going down from the top, only where one is missing, finds all
 * of them.
 *
 * An example: a report is written while the directory is being added up.
 *
 *   maker                            writer
 *   creates .alcm-summary
 *   reads w.npy.json (old)
 *                                    renames the new w.npy.json
 *                                    removes .alcm-summary, summary.json
 *   writes its text to the descriptor
 *   renames: -ENOENT, tries again
 *
 * After three such tries it is -EAGAIN. Callers see to it that there is one maker at a
 * time (fs: LOCK_SUMMARIES), as one could rename another's unfinished draft.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "alcm.h"
#include "base/alloc.h"
#include "base/fd.h"
#include "report/sidecar_dir.h"
#include "report/summary_json.h"

enum {
	MAX_DEPTH = 100, /* levels below the requested directory; each holds a descriptor */
	N_TRIES = 3,     /* while others keep changing the sidecars */
};

static int refresh_dir(int dir, unsigned depth);

/* The store may change at any time: a report that is gone, or isn't one, counts as
   nothing. */
static void add_file(int dir, const char *name,
	int (*add)(struct summary *to, const char *json, size_t len), struct summary *to)
{
	char *text = NULL;
	struct stat st;
	size_t len;

	if (!sidecar_read_at(dir, name, &text, &len, &st))
		(void)add(to, text, len);
	alcm_free_text(text);
}

/* Links aren't followed, and a directory without a summary counts as nothing. */
static void add_dir(int dir, const char *name, unsigned depth, struct summary *below)
{
	AUTO_CLOSE int child = openat(dir, name,
		O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (child >= 0 && depth < MAX_DEPTH && !refresh_dir(child, depth + 1))
		add_file(child, ALCM_SUMMARY_NAME, summary_add_total, below);
}

static bool is_report(const char *name)
{
	size_t n = strlen(name);

	return n > 5 && strcmp(name + n - 5, ".json") == 0 &&
		strcmp(name, ALCM_SUMMARY_NAME) != 0;
}

/* readdir(3) needs a descriptor of its own, as it moves the offset. */
static int add_up(int dir, unsigned depth, struct summary *here, struct summary *below)
{
	const int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct dirent *entry;
	DIR *stream;
	int err = fd_opendir(or_errno(fd), &stream);

	if (err)
		return err;
	while ((entry = readdir(stream))) {
		if (is_report(entry->d_name))
			add_file(dir, entry->d_name, summary_add_report, here);
		else if (entry->d_name[0] != '.' ||
			strspn(entry->d_name, ".") < strlen(entry->d_name))
			add_dir(dir, entry->d_name, depth, below);
	}
	closedir(stream);
	return 0;
}

/* Make a summary. -ENOENT: a sidecar changed while it was made. -ENODATA: there is
   nothing to sum up. */
static int make(int dir, unsigned depth)
{
	struct summary here = { 0 }, below = { 0 };
	AUTO_FREE char *text = NULL;
	struct stat like;
	int err, fd;

	(void)unlinkat(dir, SUMMARY_DRAFT, 0);
	fd = openat(dir, SUMMARY_DRAFT, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		0600);
	if (fd < 0)
		return -errno;
	err = add_up(dir, depth, &here, &below);
	if (!err && here.n_files + below.n_files <= 0)
		err = -ENODATA;
	err = err ?: summary_json(&here, &below, &text) ?: or_errno(fstat(dir, &like));
	like.st_mode = (like.st_mode & 0444) | S_IWUSR;
	err = err ?: sidecar_write_text(fd, text, &like);
	if (close(fd) && !err)
		err = -errno;
	if (!err && renameat(dir, SUMMARY_DRAFT, dir, ALCM_SUMMARY_NAME))
		err = -errno;
	if (err && err != -ENOENT)
		(void)unlinkat(dir, SUMMARY_DRAFT, 0);
	return err;
}

/* Make the summary of the open directory of sidecars, unless it is there. */
static int refresh_dir(int dir, unsigned depth)
{
	int err = faccessat(dir, ALCM_SUMMARY_NAME, F_OK, AT_SYMLINK_NOFOLLOW) ? -ENOENT : 0;

	for (unsigned n = 0; err == -ENOENT && n < N_TRIES; n++)
		err = make(dir, depth);
	return err == -ENOENT ? -EAGAIN : err;
}

int alcm_summary_refresh(const struct alcm_store *store, const char *dir)
{
	AUTO_CLOSE int fd = sidecar_open_dir(alcm_store_dirfd(store), dir);

	return fd < 0 ? fd : refresh_dir(fd, 0);
}
