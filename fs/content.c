/* SPDX-License-Identifier: MIT */
/*
 *                     open, empty          write at 0 that begins a tensor file
 *      UNKNOWN ─────────────────► UNDECIDED ──────────────────────────────────► BLOB
 *       ▲   │ │                    │  ▲ ▲       truncate to 0                   │ │
 *       │   │ └──────────────┐     │  │ └───────────────────────────────────────┘ │
 *       │   │ open           │     │  └──────────────────────┐                    │
 *       │   │                │     │ any other write         │ truncate to 0      │
 *       │   ▼ probe: blob    ▼     ▼                         │                    │
 *       │  BLOB            PLAIN ──┴──────────────────────────┘                    │
 *       │                   │ ▲ ▲    last writer closes a tensor file: alcm_pack  │
 *       │                   │ │ └── smaller than min_size, never written: demote ─┤
 *       └── evicted ────────┘ └───────────────────────────────────────────────────┘
 *
 * PLAIN: the store's file is the truth. BLOB: `blob` is, and the store's file between
 * commits is only a log. UNDECIDED: the store's file is empty or one hole. Transitions hold content->io
 * exclusively; reads and writes hold it shared, so none of them sees a change half done.
 */
#include "content.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "content_state.h"
#include "inode.h"
#include "path.h"
#include "policy.h"

void content_init(struct content *c, bool noatime)
{
	pthread_rwlockattr_t attr;

	pthread_rwlockattr_init(&attr);
	pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	pthread_rwlock_init(&c->io, &attr);
	pthread_rwlockattr_destroy(&attr);
	pthread_cond_init(&c->returned, NULL);
	c->fd = -1;
	c->told_size = -1;
	c->noatime = noatime;
}

/* ---- small things ----------------------------------------------------------------------------- */

int content_report(struct fs *fs, struct inode *i, int err, const struct alcm_diag *diag)
{
	char path[PATH_TEXT];
	bool again;

	if (err != -EIO || !diag->cause[0])
		return err;
	/* The kernel asks again and again for pages that it can't have: one line is enough. */
	pthread_mutex_lock(&i->lock);
	again = i->content.reported_offset == diag->offset + 1;
	i->content.reported_offset = diag->offset + 1;
	pthread_mutex_unlock(&i->lock);
	if (!again)
		fs_log(fs, ALCM_LOG_ERROR, "%s: offset %llu: %s",
			path_of(fs, i->content.fd >= 0 ? i->content.fd : i->path_fd, path),
			(unsigned long long)diag->offset, diag->cause);
	return err;
}

void content_touch(struct inode *i)
{
	pthread_mutex_lock(&i->lock);
	clock_gettime(CLOCK_REALTIME_COARSE, &i->content.mtime);
	i->content.mtime_known = true;
	i->content.verdict_known = false;
	pthread_mutex_unlock(&i->lock);
}

void content_set_mtime(struct inode *i, const struct timespec *mtime)
{
	pthread_mutex_lock(&i->lock);
	i->content.mtime = *mtime;
	pthread_mutex_unlock(&i->lock);
}

/* The store's mtime says when we wrote; the user's says when they did. */
void content_restore_mtime(struct inode *i)
{
	pthread_mutex_lock(&i->lock);
	if (i->content.mtime_known) {
		struct timespec t[2] = { { .tv_nsec = UTIME_OMIT }, i->content.mtime };

		(void)futimens(i->content.fd, t);
	}
	i->content.verdict_known = false;
	pthread_mutex_unlock(&i->lock);
}

/* ---- opening and closing ------------------------------------------------------------------------ */

static int reopen_store(struct inode *i, bool writable)
{
	char proc[PATH_PROC];
	int flags = (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC;
	int fd = open(path_proc(i->path_fd, proc), flags);

	return fd < 0 ? -errno : fd;
}

/* Say what the open file is. UNKNOWN → any other. */
static int judge(struct fs *fs, struct inode *i)
{
	struct content *c = &i->content;
	struct alcm_diag diag = { 0 };
	struct alcm_probe probe;
	struct stat st;
	int err = fstat(c->fd, &st) ? -errno : 0;

	c->fresh = !err && st.st_size == 0;
	c->plain_end = c->plain_rewritten = 0;
	if (c->fresh) {
		c->state = CONTENT_UNDECIDED;
		content_note_reads(c, true);
		return 0;
	}
	content_note_reads(c, false);
	if (!err)
		err = alcm_probe(c->fd, &probe, &diag);
	if (!err && probe.kind == ALCM_PLAIN) {
		content_note_reads(c, true);
		c->state = CONTENT_PLAIN;
		return 0;
	}
	if (!err)
		err = alcm_blob_open(fs->alcm, c->fd, c->fd_writable, &c->blob, &diag);
	if (err)
		return content_report(fs, i, err, &diag);
	c->state = CONTENT_BLOB;
	pthread_mutex_lock(&i->lock);
	c->mtime = st.st_mtim;
	c->mtime_known = true;
	c->read_noted = false;
	pthread_mutex_unlock(&i->lock);
	return 0;
}

static void close_store(struct fs *fs, struct content *c)
{
	/* io is held exclusively: nobody probes. */
	if (c->state != CONTENT_UNKNOWN)
		c->told_size = c->blob ? (off_t)alcm_blob_size(c->blob) : -1;
	alcm_blob_close(c->blob);
	c->blob = NULL;
	if (c->fd >= 0) {
		close(c->fd);
		inode_count_fd(fs, -1);
	}
	c->fd = -1;
	c->state = CONTENT_UNKNOWN;
}

/* Have the store's file open, for writing if asked; io held exclusively, inode pinned. */
int content_ensure_open(struct fs *fs, struct inode *i, bool writable)
{
	struct content *c = &i->content;
	int fd, err;

	if (c->fd >= 0 && (c->fd_writable || !writable))
		return 0;
	fd = reopen_store(i, writable);
	if (fd < 0)
		return fd;
	content_await_return(i);
	close_store(fs, c);
	c->fd = fd;
	c->fd_writable = writable;
	inode_count_fd(fs, 1);
	err = judge(fs, i);
	if (err)
		close_store(fs, c);
	return err;
}

/* Take the lock shared with the store's file open. */
int content_enter(struct fs *fs, struct inode *i, bool writable)
{
	struct content *c = &i->content;
	int err = 0;

	pthread_rwlock_rdlock(&c->io);
	while (!err && (c->state == CONTENT_UNKNOWN || (writable && !c->fd_writable))) {
		pthread_rwlock_unlock(&c->io);
		pthread_rwlock_wrlock(&c->io);
		err = content_ensure_open(fs, i, writable);
		pthread_rwlock_unlock(&c->io);
		pthread_rwlock_rdlock(&c->io);
	}
	if (err)
		pthread_rwlock_unlock(&c->io);
	return err;
}

/* Whether the kernel may keep its pages: nobody but us changed the file since they were read. */
static bool pages_current(struct inode *i)
{
	struct content *c = &i->content;
	struct stat st;
	bool same;

	if (fstat(c->fd, &st))
		return false;
	pthread_mutex_lock(&i->lock);
	same = c->cached &&
		(c->n_writers || c->n_open > 1 ||
			(c->cached_ctime.tv_sec == st.st_ctim.tv_sec &&
				c->cached_ctime.tv_nsec == st.st_ctim.tv_nsec));
	c->cached = true;
	c->cached_ctime = st.st_ctim;
	pthread_mutex_unlock(&i->lock);
	return same;
}

/* Our own change of the file is no reason to drop the kernel's pages. */
static void remember_pages(struct inode *i)
{
	struct stat st;

	if (i->content.fd < 0 || fstat(i->content.fd, &st))
		return;
	pthread_mutex_lock(&i->lock);
	i->content.cached_ctime = st.st_ctim;
	pthread_mutex_unlock(&i->lock);
}

int content_open(struct fs *fs, struct inode *i, bool writable, int fd, bool *keep)
{
	struct content *c = &i->content;
	int err = 0;

	pthread_rwlock_wrlock(&c->io);
	if (fd >= 0 && c->fd < 0) {
		c->fd = fd;
		c->fd_writable = true;
		inode_count_fd(fs, 1);
		err = judge(fs, i);
		if (err)
			close_store(fs, c);
	} else {
		if (fd >= 0)
			close(fd);
		err = content_ensure_open(fs, i, writable);
	}
	if (!err) {
		c->n_open++;
		if (writable && c->n_writers++ == 0)
			activity_writing_begin(&fs->activity, &c->writing);
		*keep = pages_current(i);
	}
	pthread_rwlock_unlock(&c->io);
	return err;
}

void content_close(struct fs *fs, struct inode *i, bool writable)
{
	struct content *c = &i->content;

	pthread_rwlock_wrlock(&c->io);
	c->n_open--;
	if (writable && --c->n_writers == 0)
		activity_writing_end(&fs->activity, &c->writing);
	if (!c->n_open && c->fd >= 0 && !(c->blob && alcm_blob_dirty(c->blob))) {
		remember_pages(i);
		content_await_return(i);
		close_store(fs, c);
	}
	pthread_rwlock_unlock(&c->io);
}

/* Thousands of half-written files can be open at once: what they hold goes to the store. */
static bool commit_for_eviction(struct content *c)
{
	struct timespec t[2] = { { .tv_nsec = UTIME_OMIT }, c->mtime };

	if (!c->blob || !alcm_blob_dirty(c->blob))
		return true;
	return !alcm_blob_commit(c->blob, false, NULL) && !futimens(c->fd, t);
}

bool content_evict(struct fs *fs, struct inode *i)
{
	struct content *c = &i->content;
	bool clean;

	if (pthread_rwlock_trywrlock(&c->io))
		return false;
	clean = commit_for_eviction(c);
	if (clean && c->fd >= 0)
		close_store(fs, c);
	pthread_rwlock_unlock(&c->io);
	return clean;
}

void content_release(struct fs *fs, struct inode *i)
{
	struct content *c = &i->content;
	struct alcm_diag diag = { 0 };

	if (c->blob && alcm_blob_dirty(c->blob)) {
		int err = alcm_blob_commit(c->blob, false, &diag);

		if (err)
			fs_log(fs, ALCM_LOG_ERROR, "the last changes of a file are lost: %s",
				diag.cause[0] ? diag.cause : strerror(-err));
		else
			content_restore_mtime(i);
	}
	close_store(fs, c);
	pthread_cond_destroy(&c->returned);
	pthread_rwlock_destroy(&c->io);
}

/* ---- attributes ---------------------------------------------------------------------------------- */

/* The size to tell of a file that can't be looked at. */
static struct alcm_probe guess(const struct content *c, const struct stat *st)
{
	if (c->told_size >= 0)
		return (struct alcm_probe){ ALCM_BLOB, (uint64_t)c->told_size };
	return (struct alcm_probe){ ALCM_PLAIN, (uint64_t)st->st_size };
}

/*
 * Note what a probe said. A damaged file stays so until it is changed; an error of the store may be
 * gone the next time.
 */
static void note_probe(struct inode *i, const struct stat *st, int err, bool damaged,
	struct alcm_probe *out)
{
	struct content *c = &i->content;

	pthread_mutex_lock(&i->lock);
	if (err)
		*out = guess(c, st);
	c->probe_failed = err && !damaged;
	if (!c->probe_failed) {
		c->verdict = *out;
		c->verdict_known = true;
		c->verdict_bytes = st->st_size;
		c->verdict_ctime = st->st_ctim;
		c->told_size = out->kind == ALCM_BLOB ? (off_t)out->logical_size : -1;
	}
	pthread_mutex_unlock(&i->lock);
}

/* What a file that isn't open is; remembered until its ctime changes. `*out` is set in any case. */
static int probe_closed(struct fs *fs, struct inode *i, int path_fd, const struct stat *st,
	struct alcm_probe *out)
{
	struct content *c = &i->content;
	struct alcm_diag diag = { 0 };
	char proc[PATH_PROC], path[PATH_TEXT];
	int fd, err;
	bool known;

	pthread_mutex_lock(&i->lock);
	known = c->verdict_known && c->verdict_bytes == st->st_size &&
		memcmp(&c->verdict_ctime, &st->st_ctim, sizeof(st->st_ctim)) == 0;
	*out = c->verdict;
	pthread_mutex_unlock(&i->lock);
	if (known)
		return 0;
	fd = path_open_quietly(path_proc(path_fd, proc));
	err = fd < 0 ? -errno : alcm_probe(fd, out, &diag);
	if (err == -EIO)
		fs_log(fs, ALCM_LOG_ERROR, "%s: offset %llu: %s",
			path_of(fs, fd >= 0 ? fd : path_fd, path), (unsigned long long)diag.offset,
			diag.cause[0] ? diag.cause : "the store can't be read");
	if (fd >= 0)
		close(fd);
	note_probe(i, st, err, err == -EIO && diag.cause[0], out);
	return err;
}

void content_stat(struct fs *fs, struct inode *i, int path_fd, struct stat *st)
{
	struct content *c = &i->content;
	struct alcm_probe probe;

	if (!S_ISREG(st->st_mode) || i->admin)
		return;
	pthread_rwlock_rdlock(&c->io);
	if (c->state == CONTENT_BLOB) {
		st->st_size = (off_t)alcm_blob_size(c->blob);
		pthread_mutex_lock(&i->lock);
		st->st_mtim = c->mtime;
		pthread_mutex_unlock(&i->lock);
	} else if (c->state == CONTENT_UNKNOWN && st->st_size) {
		(void)probe_closed(fs, i, path_fd, st, &probe);
		st->st_size = (off_t)probe.logical_size;
	}
	pthread_rwlock_unlock(&c->io);
	/* tar and du take a file without blocks for a file without data. */
	if (st->st_size && !st->st_blocks)
		st->st_blocks = 1;
}

double content_timeout(const struct fs *fs, struct inode *i)
{
	bool moving;

	if (i->admin)
		return 0;
	pthread_rwlock_rdlock(&i->content.io);
	moving = i->content.n_writers > 0;
	pthread_rwlock_unlock(&i->content.io);
	pthread_mutex_lock(&i->lock);
	moving |= i->content.probe_failed;
	pthread_mutex_unlock(&i->lock);
	return moving ? 0 : fs->opt.attr_timeout;
}

int content_info(struct fs *fs, struct inode *i, int path_fd, struct alcm_info *out)
{
	struct content *c = &i->content;
	struct alcm_diag diag = { 0 };
	struct alcm_blob *blob = NULL;
	char proc[PATH_PROC];
	int fd, err;

	pthread_rwlock_rdlock(&c->io);
	if (c->state == CONTENT_BLOB) {
		err = alcm_blob_info(c->blob, out, &diag);
		pthread_rwlock_unlock(&c->io);
		return err;
	}
	pthread_rwlock_unlock(&c->io);
	fd = path_open_quietly(path_proc(path_fd, proc));
	if (fd < 0)
		return -errno;
	err = alcm_blob_open(fs->alcm, fd, false, &blob, &diag);
	if (!err)
		err = alcm_blob_info(blob, out, &diag);
	alcm_blob_close(blob);
	close(fd);
	return err == -EMEDIUMTYPE ? -ENODATA : err;
}

const char *content_state_name(struct fs *fs, struct inode *i, int path_fd)
{
	struct content *c = &i->content;
	struct alcm_probe probe = { ALCM_PLAIN, 0 };
	enum content_state state;
	struct stat st;

	pthread_rwlock_rdlock(&c->io);
	state = c->state;
	pthread_rwlock_unlock(&c->io);
	if (state == CONTENT_UNKNOWN && !fstatat(path_fd, "", &st, AT_EMPTY_PATH)) {
		if (!st.st_size)
			return "undecided";
		(void)probe_closed(fs, i, path_fd, &st, &probe);
		return probe.kind == ALCM_BLOB ? "blob" : "plain";
	}
	return state == CONTENT_BLOB ? "blob" : state == CONTENT_PLAIN ? "plain" : "undecided";
}

/* PLAIN → BLOB in place. io held exclusively. */
int content_pack(struct fs *fs, struct inode *i)
{
	struct content *c = &i->content;
	struct alcm_profile profile;
	struct alcm_diag diag = { 0 };
	char path[PATH_TEXT];
	int err = content_ensure_open(fs, i, true);

	if (err || c->state != CONTENT_PLAIN)
		return err;
	content_await_return(i);
	policy_profile(fs, i, &profile);
	err = alcm_pack(fs->alcm, fs->store_fd, path_of(fs, c->fd, path), c->fd, &profile, &diag);
	if (err)
		return content_report(fs, i, err, &diag);
	return judge(fs, i);
}
