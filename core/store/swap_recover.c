/* SPDX-License-Identifier: MIT */
/*
 * Finishing the conversions that a crash interrupted. Job files are not trusted, and
 * nothing is deleted unless its content is known to be elsewhere. The states of a target
 * are in swap_job.h:
 *
 *     target    .new      result
 *     marked    right     copied, job done
 *     marked    gone      error: restore the file from a copy; the job stays
 *     marked    damaged   the same
 *     before    any       nothing to do, job and .new removed
 *     after     any       mode and mtime set, job and .new removed
 *     other     there     warning; job and .new stay
 *     other     gone      nothing left to do, job removed
 *
 * Each step can be repeated: copying begins at the mark again, and the mark goes last. So
 * a crash during recovery leaves one of the rows above. One job that fails doesn't keep
 * the others from being finished.
 *
 * It runs when a store is mounted, under the store's lock (all jobs), and when a single
 * file is found marked (alcm_swap_resume(): its own job, in any directory above it).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "alcm.h"
#include "base/alloc.h"
#include "base/beneath.h"
#include "base/diag.h"
#include "base/fd.h"
#include "store/swap_target.h"

struct recovery {
	int store_dirfd, dir;
	void (*log)(void *ctx, enum alcm_log_level level, const char *text);
	void *log_ctx;
	int n_failed; /* jobs */
};

static void say(struct recovery *r, enum alcm_log_level level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* An error counts as a failed job, which the caller reports to the user. */
static void say(struct recovery *r, enum alcm_log_level level, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	r->n_failed += level == ALCM_LOG_ERROR;
	if (!r->log)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	r->log(r->log_ctx, level, text);
}

/* ---- jobs -------------------------------------------------------------------------- */

/* Open ID.new of a job. -EBADMSG: it isn't the file that the job describes. */
static int open_new(int dir, const struct swap_job *job)
{
	char name[SWAP_ID_CHARS + 5];
	struct stat st;

	(void)snprintf(name, sizeof(name), "%s.new", job->id);

	AUTO_CLOSE int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return errno == ELOOP ? -EBADMSG : -errno;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_uid != job->owner ||
		(uint64_t)st.st_size != job->after.size)
		return -EBADMSG;
	return fd_steal(&fd);
}

/* Overwrite the marked target, and only with content that matches the job. */
static int apply(const struct swap_job *job, int new_fd, int target_fd)
{
	int right = new_fd < 0 ? new_fd : swap_print_matches(new_fd, &job->after);

	if (right <= 0)
		return right ? right : -EBADMSG;
	return swap_job_apply(job, new_fd, target_fd);
}

/* Do what the state of the target requires. 0: job and .new may be removed. */
static int complete(const struct swap_job *job, int new_fd, int target_fd,
	enum swap_target state)
{
	int err;

	switch (state) {
	case SWAP_TARGET_MARKED:
		err = apply(job, new_fd, target_fd);
		return err == -ENOENT ? -ENODATA : err;
	case SWAP_TARGET_AFTER:
		return swap_job_settle(job, target_fd);
	case SWAP_TARGET_BEFORE:
		return 0;
	case SWAP_TARGET_OTHER:
		break;
	}
	return -ENOENT;
}

static void tell(struct recovery *r, const struct swap_job *job, enum swap_target state,
	int err)
{
	const char *path = job->path[0] ? job->path : "a file";

	if (err == -ENOENT)
		say(r, ALCM_LOG_WARNING,
			"%s: a crash interrupted its conversion, and the file isn't in the store; "
			"its whole "
			"content is kept as .alcm/swap/%s.new (%s; remove it and its .job if you "
			"don't need it)",
			path, job->id, job->pack ? "a blob: alcm cat reads it" : "plain");
	else if (err == -ENODATA || err == -EBADMSG)
		say(r, ALCM_LOG_ERROR,
			"%s: a crash interrupted its conversion, and its new content, "
			".alcm/swap/%s.new, is %s: restore the file from a copy",
			path, job->id, err == -ENODATA ? "gone" : "damaged");
	else if (err)
		say(r, ALCM_LOG_ERROR,
			"%s: can't finish its conversion, which a crash interrupted: %s", path,
			strerror(-err));
	else if (state == SWAP_TARGET_BEFORE)
		say(r, ALCM_LOG_WARNING,
			"%s: a crash interrupted its conversion before it began; the file is "
			"unchanged",
			path);
	else if (state != SWAP_TARGET_OTHER)
		say(r, ALCM_LOG_WARNING, "%s: finished its conversion, which a crash interrupted",
			path);
}

static void redo(struct recovery *r, const struct swap_job *job)
{
	enum swap_target state = SWAP_TARGET_OTHER;
	AUTO_CLOSE int new_fd = open_new(r->dir, job);
	AUTO_CLOSE int target = swap_target_open(r->store_dirfd, job, &state);
	int err = target < 0 ? target : complete(job, new_fd, target, state);

	/* Without .new the job has nothing left to protect. */
	if (err == -ENOENT && new_fd == -ENOENT)
		err = 0;
	tell(r, job, state, err);
	if (!err) {
		err = swap_job_finish(r->dir, job);
		if (err)
			tell(r, job, state, err);
	}
}

/* "ID.suffix" → ID; false for every other name. */
static bool id_of(const char *name, const char *suffix, char id[SWAP_ID_CHARS + 1])
{
	if (strlen(name) < SWAP_ID_CHARS || strcmp(name + SWAP_ID_CHARS, suffix) != 0 ||
		strspn(name, "0123456789abcdef") != SWAP_ID_CHARS)
		return false;
	memcpy(id, name, SWAP_ID_CHARS);
	id[SWAP_ID_CHARS] = 0;
	return true;
}

static void recover_job(struct recovery *r, const char *id)
{
	AUTO_FREE struct swap_job *job = mem_zalloc(1, sizeof(*job));
	int err = job ? swap_job_read(r->dir, id, job) : -ENOMEM;

	if (err) {
		say(r, ALCM_LOG_ERROR, "can't read .alcm/swap/%s.job: %s", id, strerror(-err));
		return;
	}
	redo(r, job);
}

/* A .part or .tmp belongs to a job that was never started: garbage. A .new is a whole
   content, and is kept without its job, too. */
static void look_at_rest(struct recovery *r, const char *name)
{
	char id[SWAP_ID_CHARS + 1], job[SWAP_ID_CHARS + 5];

	if (id_of(name, ".tmp", id) || id_of(name, ".part", id)) {
		(void)unlinkat(r->dir, name, 0);
		return;
	}
	if (!id_of(name, ".new", id))
		return;
	(void)snprintf(job, sizeof(job), "%s.job", id);
	if (faccessat(r->dir, job, F_OK, AT_SYMLINK_NOFOLLOW) && errno == ENOENT)
		say(r, ALCM_LOG_WARNING,
			".alcm/swap/%s.new: the whole content of a file, whose job is gone; it is "
			"kept (a file that can't be read, as its conversion was cut off, names its "
			"job: if none names this one, remove it)",
			id);
}

/* Two passes: the second must see which jobs the first one left. Returns the number of
   failed jobs or a negative errno. */
static int recover(struct recovery *r)
{
	char id[SWAP_ID_CHARS + 1];
	struct dirent *e;
	DIR *d;
	int err;

	r->dir = swap_dir_open(r->store_dirfd, false);
	err = fd_opendir(r->dir, &d);
	if (err)
		return err == -ENOENT ? 0 : err;
	while ((e = readdir(d))) {
		if (id_of(e->d_name, ".job", id))
			recover_job(r, id);
	}
	rewinddir(d);
	while ((e = readdir(d)))
		look_at_rest(r, e->d_name);
	closedir(d);
	return r->n_failed;
}

int alcm_swap_recover(const struct alcm_store *store,
	void (*log)(void *ctx, enum alcm_log_level level, const char *text), void *log_ctx)
{
	struct recovery r = {
		.store_dirfd = alcm_store_dirfd(store), .dir = -1, .log = log, .log_ctx = log_ctx
	};

	return recover(&r);
}

/* ---- one file ---------------------------------------------------------------------- */

int alcm_swap_pending(int fd, uint64_t *logical_bytes)
{
	struct conversion mark;

	if (!swap_target_mark(fd, &mark))
		return 0;
	*logical_bytes = mark.logical_bytes;
	return 1;
}

/* Finish job `id` in the store whose root directory is `root`, for the marked file `fd`.
   -ENOENT: the job isn't in this store. */
static int resume_in(int root, const char *id, int fd)
{
	AUTO_FREE struct swap_job *job = mem_zalloc(1, sizeof(*job));
	AUTO_CLOSE int dir = job ? swap_dir_open(root, false) : -ENOMEM, new_fd = -1;
	struct stat st;
	int err;

	/* A directory that we may not search has no job of ours. */
	if (dir < 0)
		return dir == -ENOMEM ? dir : -ENOENT;
	err = swap_job_read(dir, id, job);
	if (!err && job->owner != geteuid() && (fstat(fd, &st) || st.st_uid != job->owner))
		err = -EPERM;
	if (err)
		return err;
	new_fd = open_new(dir, job);
	if (new_fd < 0)
		return new_fd == -ENOENT ? -ENODATA : new_fd;
	err = apply(job, new_fd, fd) ?: swap_job_finish(dir, job);
	if (!err)
		swap_dir_remove(root);
	return err;
}

static const char *resume_error(int err)
{
	switch (err) {
	case -ENOENT:
		return "in no .alcm/swap at or above it";
	case -ENODATA:
		return "its new content is gone";
	case -EBADMSG:
		return "its new content is damaged";
	default:
		return strerror(-err);
	}
}

int alcm_swap_resume(int dirfd, int fd, struct alcm_diag *diag)
{
	struct conversion mark;
	struct stat st = { 0 }, above;
	char id[SWAP_ID_CHARS + 1];
	AUTO_CLOSE int at = -1;
	int err = -ENOENT;

	if (!swap_target_mark(fd, &mark))
		return 0;
	swap_target_id(&mark, id);
	at = openat(dirfd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	/* The job lies at the root of its store, which may be any directory above. */
	while (at >= 0 && err == -ENOENT && fstat(at, &st) == 0) {
		int up = openat(at, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);

		err = resume_in(at, id, fd);
		fd_close(at);
		at = up;
		if (up >= 0 && !fstat(up, &above) && above.st_dev == st.st_dev &&
			above.st_ino == st.st_ino)
			break;
	}
	if (err)
		return diag_set(diag, -EIO, 0,
			"its conversion in place was interrupted, and can't be finished: job %s: %s",
			id, resume_error(err));
	return 1;
}
