/* SPDX-License-Identifier: MIT */
/*
 * PLAIN → BLOB for a file that isn't open, or that its last writer is closing.
 *
 *   step                  lock on io     who may use the file
 *   judge, build, verify  none           everyone; a writer makes the result worthless
 *   put in place          exclusive      no one: requests in the mount wait for io, and
 *                                        programs in the store for the lease
 *   report, notify        none           everyone
 *
 * The new content is built and verified beside the file, in .alcm/swap. A crash until
 * then leaves garbage that the next mount removes; a crash while it is put in place
 * leaves a job that the next mount finishes (core/store/swap.c).
 *
 *                         an idle file               a close
 *   thread                lowest priority            the closing one
 *   engine                its own, one worker        the mount's
 *   effort                high                       normal: a program waits
 *   given up if           it is opened               it is written, or has another writer
 *   ctime                 hidden from users          shown: they have just changed it
 *
 * How a change is noticed: each write, truncate, open for writing and removal counts up
 * n_disturbances. The conversion remembers the count at its start, compares it while it
 * builds, and compares ctime too before it replaces anything. A change past all of these
 * shows in size or mtime under the lease.
 *
 * tar and others take a file for changed if its ctime moves while they read it. So the
 * mount keeps showing the earlier ctime of an idle file, as long as it knows the file.
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

/* The budget of an idle conversion comes on top of the mount's own, so it is small. */
enum {
	LOWEST_PRIORITY = 19,
	BUDGET_MIB = 32,
	LEAST_SAVED_SHARE = 16, /* of its space; if it saves less, it stays plain */
};

/* A conversion. */
struct converting {
	struct fs *fs;
	struct inode *inode;
	int fd;                /* our own, for reading */
	unsigned n_writers;    /* writers that may have it open: 1 at a close, else 0 */
	unsigned disturbances; /* count at the beginning */
	struct stat before;
	struct alcm_profile profile;
	struct alcm_swap *swap; /* set when the new content is ready */
	struct alcm_diag diag;
	int err;
};

/* Asked repeatedly while the content is built; also stops the work when the mount ends. A
   new mount waits for this daemon's lock, so it must not wait for a long file first. */
static bool is_disturbed(void *arg)
{
	struct converting *t = arg;

	return atomic_load(&t->inode->content->idle.n_disturbances) != t->disturbances ||
		atomic_load(&t->fs->idle.ending);
}

/* Runs in its own thread: lowering its priority is permanent, and the engine's threads
   inherit it. */
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

/* Whether it saves enough to be worth the work, and slower changes later. A file with
   holes takes less than its size: the comparison is with the space, not the size. */
static bool pays(const struct converting *t)
{
	uint64_t taken = (uint64_t)t->before.st_blocks * 512,
			 size = (uint64_t)t->before.st_size;

	if (taken > size)
		taken = size;
	return alcm_swap_stored_bytes(t->swap) <= taken - taken / LEAST_SAVED_SHARE;
}

/* Note the verdict: the file stays PLAIN until it is changed again. */
static void leave_plain(struct converting *t, const struct alcm_verdict *verdict)
{
	struct content *c = t->inode->content;

	WITH_LOCK_OWNED(&c->io);
	if (c->n_writers || is_disturbed(t))
		return;
	c->waits = false;
	c->plain_written = false;
	/* Only in memory: an extended attribute would move the file's ctime. */
	content_remember(t->fs, t->inode, verdict, &t->before.st_ctim);
}

/*
 * Converting an idle file isn't a change of it for users. So its ctime from before is
 * shown during the conversion, and for as long as its ctime is the one that the
 * conversion gave it.
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

/* Put the new content in place; io held exclusively. -EAGAIN: the file isn't what was
   prepared any more. -EALREADY: it is open. Checks come before anything is changed, the
   cheapest first. */
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
	/* Only one descriptor may be open: a lease then tells whether others read it in the
	   store. */
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

/* Put the new content in place; the end of both kinds of conversion. */
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
	/* Quantised values differ from the kernel's pages. */
	if (!err && t->profile.lossy)
		notify_pages(t->fs, i);
	return err;
}

/* Judge the file and, if a sample is in favour, build the new content. A file with
   several hard links isn't converted, as a name outside of the store may lead to it. */
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
			.reason = "compressing it doesn't make it smaller" };
	leave_plain(t, &verdict);
	return 0;
}

/* For an idle file; the caller has it pinned. */
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
	/* Its last close brings it back to the list. */
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

/* If files fail one after the other for the same reason, such as a full disk, only the
   first is logged. */
static void complain(struct converting *t, int err, int path_fd)
{
	char path[PATH_TEXT];

	if (err && err != t->fs->idle.last_error)
		fs_log(t->fs, ALCM_LOG_WARNING, "%s: not compressed: %s",
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
