/* SPDX-License-Identifier: MIT */
/* Finishing the swaps that a crash cut off. Job files are not trusted. */
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
#include "blob/swap_job.h"

struct recovery {
	int store_dirfd, dir;
	void (*log)(void *ctx, enum alcm_log_level level, const char *text);
	void *log_ctx;
	int err;           /* the first */
	uint64_t only_ino; /* not 0: just the job of this file */
	bool finished;     /* that one was */
};

static void say(struct recovery *r, enum alcm_log_level level, int err, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static void say(struct recovery *r, enum alcm_log_level level, int err, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	if (err && !r->err)
		r->err = err;
	if (!r->log)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	r->log(r->log_ctx, level, text);
}

/* ---- finding the target ------------------------------------------------------------------------ */

static bool is_target(int fd, const struct swap_job *job)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_ino == job->ino;
}

static bool may_change(int fd, const struct swap_job *job)
{
	struct stat st;

	return job->owner == geteuid() || (fstat(fd, &st) == 0 && st.st_uid == job->owner);
}

/*
 * Directories still to be searched, as a stack of paths: descriptors would run out in a deep
 * tree. Each is "" or ends in "/".
 */
struct todo {
	struct todo *next;
	char path[];
};

static int push(struct todo **stack, const char *dir, const char *name)
{
	size_t len = strlen(dir) + strlen(name) + 2;
	struct todo *t = mem_alloc(sizeof(*t) + len);

	if (!t)
		return -ENOMEM;
	(void)snprintf(t->path, len, "%s%s%s", dir, name, *name ? "/" : "");
	t->next = *stack;
	*stack = t;
	return 0;
}

/* One entry of a directory: the target (1), a directory to be searched later, or neither (0). */
static int look_at(DIR *d, const struct dirent *e, const struct todo *in, dev_t dev,
	struct swap_job *job, struct todo **stack)
{
	const char *name = e->d_name;
	struct stat st;

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
		(!in->path[0] && strcmp(name, ".alcm") == 0))
		return 0;
	if (fstatat(dirfd(d), name, &st, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? 0 : -errno;
	if (S_ISDIR(st.st_mode) && st.st_dev == dev)
		return push(stack, in->path, name);
	if (!S_ISREG(st.st_mode) || st.st_dev != dev || st.st_ino != job->ino)
		return 0;

	int n = snprintf(job->path, sizeof(job->path), "%s%s", in->path, name);

	return n < (int)sizeof(job->path) ? 1 : -ENAMETOOLONG;
}

static int search_dir(struct recovery *r, const struct todo *in, struct swap_job *job,
	struct todo **stack)
{
	char path[PATH_MAX];
	struct stat st;
	struct dirent *e;
	int found = 0, fd;

	if (snprintf(path, sizeof(path), "%s.", in->path) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = beneath_open(r->store_dirfd, path, O_RDONLY | O_DIRECTORY, 0);
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;

	DIR *d = fstat(fd, &st) ? NULL : fdopendir(fd);

	if (!d) {
		found = -errno;
		close(fd);
		return found;
	}
	while (!found && (e = readdir(d)))
		found = look_at(d, e, in, st.st_dev, job, stack);
	closedir(d);
	return found;
}

/* The target's new path, by its inode number, into job->path. -ENOENT: it is no more. */
static int search(struct recovery *r, struct swap_job *job)
{
	struct todo *stack = NULL;
	int found = push(&stack, "", ""), unsure = 0;

	while (stack && found != 1 && found != -ENOMEM) {
		struct todo *in = stack;

		stack = in->next;
		found = search_dir(r, in, job, &stack);
		mem_free(in);
		/* Where one can't look, the target could be. */
		if (found < 0)
			unsure = found;
	}
	while (stack) {
		struct todo *in = stack;

		stack = in->next;
		mem_free(in);
	}
	return found == 1 ? 0 : unsure ? unsure : -ENOENT;
}

/* Open what the O_PATH descriptor stands for, even if its mode forbids its owner to write. */
static int reopen_writable(int path_fd, const struct swap_job *job)
{
	char proc[64];

	(void)snprintf(proc, sizeof(proc), "/proc/self/fd/%d", path_fd);

	int fd = open(proc, O_RDWR | O_CLOEXEC);

	if (fd < 0 && errno == EACCES && chmod(proc, job->mode | 0600) == 0)
		fd = open(proc, O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int open_target(struct recovery *r, struct swap_job *job)
{
	int fd = beneath_open(r->store_dirfd, job->path, O_PATH, 0);

	if (fd < 0 || !is_target(fd, job)) {
		if (fd >= 0)
			close(fd);

		int err = search(r, job);

		if (err)
			return err;
		fd = beneath_open(r->store_dirfd, job->path, O_PATH, 0);
	}
	if (fd < 0)
		return fd;

	int writable = !is_target(fd, job) ? -EAGAIN
		: !may_change(fd, job)     ? -EPERM
					   : reopen_writable(fd, job);

	close(fd);
	return writable;
}

/* ---- jobs -------------------------------------------------------------------------------------- */

/* ID.new of a job, if it is what the job says. */
static int open_new(struct recovery *r, const struct swap_job *job)
{
	char name[SWAP_ID_CHARS + 5];
	struct stat st;

	(void)snprintf(name, sizeof(name), "%s.new", job->id);

	int fd = openat(r->dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_uid != job->owner ||
		(uint64_t)st.st_size != job->size) {
		close(fd);
		return -EINVAL;
	}
	return fd;
}

static void finish(struct recovery *r, const struct swap_job *job)
{
	int err = swap_job_finish(r->dir, job);

	r->finished |= !err;
	if (err)
		say(r, ALCM_LOG_ERROR, err, "can't remove the job %s: %s", job->id,
			strerror(-err));
}

static void redo(struct recovery *r, struct swap_job *job)
{
	int new_fd = open_new(r, job), target, err;

	/* Somebody has cleaned up: the job can't be done ever, and must not bar the store. */
	if (new_fd == -ENOENT) {
		say(r, ALCM_LOG_ERROR, 0,
			"%s: a crash cut off its conversion, and its new content is gone",
			job->path);
		finish(r, job);
		return;
	}
	if (new_fd < 0) {
		say(r, ALCM_LOG_ERROR, new_fd, "can't use .alcm/swap/%s.new: %s", job->id,
			strerror(-new_fd));
		return;
	}
	target = open_target(r, job);
	err = target < 0 ? target : swap_job_apply(job, new_fd, target);
	if (target >= 0)
		close(target);
	close(new_fd);
	if (err && err != -ENOENT) {
		say(r, ALCM_LOG_ERROR, err,
			"%s: can't finish its conversion, which a crash cut off: %s", job->path,
			strerror(-err));
		return;
	}
	if (err)
		say(r, ALCM_LOG_WARNING, 0,
			"%s: removed since a crash cut off its conversion; nothing to finish",
			job->path);
	else
		say(r, ALCM_LOG_WARNING, 0, "%s: finished its conversion, which a crash cut off",
			job->path);
	finish(r, job);
}

/* "ID.suffix" → ID; false for every other name. */
static bool id_of(const char *name, const char *suffix, char id[SWAP_ID_CHARS + 1])
{
	if (strlen(name) != SWAP_ID_CHARS + 4 || strcmp(name + SWAP_ID_CHARS, suffix) != 0 ||
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

	/* Others' jobs come and go. */
	if (r->only_ino && (err == -ENOENT || (!err && job->ino != r->only_ino)))
		return;
	if (err) {
		say(r, ALCM_LOG_ERROR, err, "can't make sense of .alcm/swap/%s.job: %s", id,
			strerror(-err));
		return;
	}
	redo(r, job);
}

static void drop_refuse(struct recovery *r, const char *name)
{
	char id[SWAP_ID_CHARS + 1], job[SWAP_ID_CHARS + 5];

	if (id_of(name, ".tmp", id)) {
		(void)unlinkat(r->dir, name, 0);
		return;
	}
	if (!id_of(name, ".new", id))
		return;
	(void)snprintf(job, sizeof(job), "%s.job", id);
	if (faccessat(r->dir, job, F_OK, AT_SYMLINK_NOFOLLOW) && errno == ENOENT)
		(void)unlinkat(r->dir, name, 0);
}

static int recover(struct recovery *r)
{
	int fd = swap_dir_open(r->store_dirfd, false);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	char id[SWAP_ID_CHARS + 1];
	struct dirent *e;

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	if (!d) {
		close(fd);
		return -ENOMEM;
	}
	r->dir = fd;
	while ((e = readdir(d))) {
		if (id_of(e->d_name, ".job", id))
			recover_job(r, id);
	}
	rewinddir(d);
	while (!r->only_ino && (e = readdir(d)))
		drop_refuse(r, e->d_name);
	closedir(d);
	return r->err;
}

int alcm_swap_recover(int store_dirfd,
	void (*log)(void *ctx, enum alcm_log_level level, const char *text), void *log_ctx)
{
	struct recovery r = {
		.store_dirfd = store_dirfd, .dir = -1, .log = log, .log_ctx = log_ctx
	};

	return recover(&r);
}

int alcm_swap_retry(int store_dirfd, uint64_t ino,
	void (*log)(void *ctx, enum alcm_log_level level, const char *text), void *log_ctx)
{
	struct recovery r = {
		.store_dirfd = store_dirfd, .dir = -1, .log = log, .log_ctx = log_ctx, .only_ino = ino
	};
	int err = recover(&r);

	return err ? err : r.finished;
}
