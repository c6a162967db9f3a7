/* SPDX-License-Identifier: MIT */
/*
 * PLAIN → BLOB of a file that nobody has open, or that its last writer closes. The new
 * content is built and proved right beside it while nothing is locked: of an idle file by
 * a thread of the lowest priority with an engine of its own, at a close by the one who
 * waits for that. A program that opens the file meanwhile is let in, at a close only a
 * writer, and all of it is thrown away: tar and others take a file whose ctime moves
 * while they read it for changed. The mount goes on telling the ctime that an idle file
 * had before, as long as it knows the file.
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "admin.h"
#include "content.h"
#include "content_state.h"
#include "idle.h"
#include "inode.h"
#include "mount_engine.h"
#include "mount_log.h"
#include "path.h"
#include "policy.h"

enum {
	LOWEST_PRIORITY = 19,
	BUDGET_MIB = 32,
	LEAST_SAVED_SHARE = 16, /* of the space it takes; for less it stays as it is */
};

/* A file that is being converted. */
struct converting {
	struct fs *fs;
	struct inode *inode;
	int fd;                /* for reading, of our own */
	unsigned n_writers;    /* who may have it open: one who closes it, or nobody */
	unsigned disturbances; /* as many as there were when it was begun */
	struct stat before;
	struct alcm_profile profile;
	struct alcm_swap *swap; /* when it is prepared */
	struct alcm_diag diag;
	int err;
};

static bool is_disturbed(void *arg)
{
	struct converting *t = arg;

	return atomic_load(&t->inode->content->idle.n_disturbances) != t->disturbances ||
		atomic_load(&t->fs->idle.ending);
}

/* In a thread of its own, which as its engine's keeps the priority that it takes on. */
static void *prepare(void *arg)
{
	struct converting *t = arg;
	struct alcm_params params;
	struct alcm *alcm;

	(void)setpriority(PRIO_PROCESS, 0, LOWEST_PRIORITY);
	engine_params(t->fs, &params);
	params.threads = 1;
	if (params.budget_bytes > BUDGET_MIB << 20)
		params.budget_bytes = BUDGET_MIB << 20;
	params.high_effort = true;
	t->err = alcm_new(&params, &alcm);
	if (t->err)
		return NULL;
	t->err = alcm_swap_prepare(alcm, t->fs->store, t->fd, &t->profile, is_disturbed, t,
		&t->swap, &t->diag);
	alcm_free(alcm);
	return NULL;
}

/* Whether it is saved what the work and slower changes are worth. */
static bool pays(const struct converting *t)
{
	uint64_t taken = (uint64_t)t->before.st_blocks * 512,
			 size = (uint64_t)t->before.st_size;

	if (taken > size)
		taken = size;
	return alcm_swap_stored_bytes(t->swap) <= taken - taken / LEAST_SAVED_SHARE;
}

/* It was judged, and stays PLAIN until it is changed again. */
static void leave_plain(struct converting *t, const struct alcm_verdict *verdict)
{
	struct content *c = t->inode->content;

	WITH_LOCK_OWNED(&c->io);
	if (c->n_writers || is_disturbed(t))
		return;
	c->waits = false;
	c->plain_written = false;
	/* Not with the file: an extended attribute would move its ctime. */
	content_remember(t->fs, t->inode, verdict, &t->before.st_ctim);
}

/*
 * Converting an idle file is no change of it: meanwhile, and as long as its ctime is the
 * one that this gave it, the ctime from before is told.
 */
static void convert_begin(struct inode *i, const struct timespec *before)
{
	struct content *c = i->content;

	WITH_LOCK(&c->lock);
	if (!same_time(&c->converted_ctime, before))
		c->told_ctime = *before;
	c->converting = true;
}

static void convert_end(struct inode *i)
{
	struct content *c = i->content;
	struct stat now;

	WITH_LOCK(&c->lock);
	if (c->fd >= 0 && !fstat(c->fd, &now))
		c->converted_ctime = now.st_ctim;
	c->converting = false;
}

/* io held exclusively. -EAGAIN: it isn't any more what was prepared. -EALREADY: somebody
   has it open. */
static int put_in_place(struct converting *t)
{
	struct inode *i = t->inode;
	struct content *c = i->content;
	char path[PATH_TEXT];
	struct stat st;
	int err = c->n_writers > t->n_writers || is_disturbed(t) ? -EAGAIN : 0;

	if (!err && !t->n_writers && c->n_open)
		err = -EALREADY;
	err = err ?: content_ensure_open(t->fs, i, true);
	if (err)
		return err;
	if (c->state != CONTENT_PLAIN || fstat(c->fd, &st) || st.st_nlink != 1 ||
		!same_time(&st.st_ctim, &t->before.st_ctim))
		return -EAGAIN;
	content_await_return(i);
	/* It must be open once only: a lease tells whether others read it below the mount. */
	close(t->fd);
	t->fd = -1;
	content_overwrite_begin(i, st.st_size, &st.st_mtim);
	if (!t->n_writers)
		convert_begin(i, &st.st_ctim);
	err = alcm_swap_apply(t->swap, path_for_job(t->fs, c->fd, path), c->fd, &t->diag);
	err = content_swapped(t->fs, i, err, &st, &t->diag);
	if (!t->n_writers)
		convert_end(i);
	return err == -EBUSY ? -EAGAIN : err;
}

/* The prepared content becomes the file's; the end of both ways to here. */
static int finish(struct converting *t)
{
	struct inode *i = t->inode;
	int err;

	{
		WITH_LOCK_OWNED(&i->content->io);
		err = put_in_place(t);
		content_close_unused(t->fs, i);
	}
	if (!err)
		reports_due(t->fs, i);
	/* Values that were quantised are others. */
	if (!err && t->profile.lossy)
		notify_pages(t->fs, i);
	return err;
}

/* Look at the file and, if a sample says that it pays, build what it is to be. */
static int build(struct converting *t)
{
	struct alcm_verdict verdict = { 0 };
	pthread_t thread;
	int err = fstat(t->fd, &t->before) ? -errno : 0;

	if (err || t->before.st_nlink != 1)
		return err;
	err = alcm_detect_file(t->fs->detect, t->fs->opt.min_size, t->fd, &t->before,
		&verdict);
	if (!err && verdict.worth) {
		policy_profile(t->fs, t->inode, &t->profile);
		err = -pthread_create(&thread, NULL, prepare, t);
		if (!err) {
			pthread_join(thread, NULL);
			err = t->err;
		}
	}
	if (err)
		return err;
	if (verdict.worth && pays(t))
		return 0;
	alcm_swap_free(t->swap);
	t->swap = NULL;
	if (verdict.worth)
		verdict = (struct alcm_verdict){ .sampled = true,
			.reason = "tried: it gets no smaller" };
	leave_plain(t, &verdict);
	return 0;
}

static int convert(struct converting *t)
{
	struct content *c = t->inode->content;
	bool is_open;
	int err;

	t->disturbances = atomic_load(&c->idle.n_disturbances);
	{
		WITH_LOCK_SHARED(&c->io);
		is_open = c->n_open > 0;
	}
	/* Its last close brings it back. */
	if (is_open)
		return 0;
	err = build(t);
	if (err || !t->swap)
		return err;
	err = finish(t);
	if (!err)
		activity_count(&t->fs->activity, ACTIVITY_N_CONVERTED, 1);
	return err;
}

/* Of files that fail one after the other for the same reason, such as a full disk, the
   first is in the log. */
static void complain(struct converting *t, int err, int path_fd)
{
	char path[PATH_TEXT];

	if (err && err != t->fs->idle.last_error)
		fs_log(t->fs, ALCM_LOG_WARNING, "%s: stays as it is: %s",
			path_of(t->fs, path_fd, path),
			t->diag.cause[0] ? t->diag.cause : strerror(-err));
	t->fs->idle.last_error = err;
}

int content_convert(struct fs *fs, struct inode *i)
{
	struct converting t = { .fs = fs, .inode = i };
	int path_fd, err = inode_pin(fs, i, &path_fd);

	if (err)
		return err;
	t.fd = path_open_quietly(fd_path(path_fd));
	err = t.fd < 0 ? -errno : convert(&t);
	if (err == -ECANCELED)
		err = -EAGAIN;
	if (err == -EALREADY)
		err = 0;
	if (err != -EAGAIN)
		complain(&t, err, path_fd);
	alcm_swap_free(t.swap);
	fd_close(t.fd);
	inode_unpin(fs, i);
	return err;
}

int content_convert_now(struct fs *fs, struct inode *i)
{
	struct converting t = { .fs = fs, .inode = i, .n_writers = 1 };
	int err;

	t.disturbances = atomic_load(&i->content->idle.n_disturbances);
	t.fd = path_open_quietly(fd_path(i->path_fd));
	if (t.fd < 0)
		return -errno;
	err = or_errno(fstat(t.fd, &t.before));
	policy_profile(fs, i, &t.profile);
	if (!err)
		err = alcm_swap_prepare(fs->alcm, fs->store, t.fd, &t.profile, is_disturbed, &t,
			&t.swap, &t.diag);
	if (!err)
		err = finish(&t);
	else if (err != -ECANCELED)
		(void)content_report(fs, i, err, &t.diag);
	alcm_swap_free(t.swap);
	fd_close(t.fd);
	return err == -ECANCELED ? -EAGAIN : err;
}
