/* SPDX-License-Identifier: MIT */
/*
 * The content of a regular file: its states, opening and closing it, and changing its
 * form in place.
 *
 *                     open, empty          write at 0 that begins a tensor file
 *      UNKNOWN ─────────────────► UNDECIDED ──────────────────────────────────► BLOB
 *       ▲   │ │                    │  ▲ ▲       truncate to 0                   │ │
 *       │   │ └──────────────┐     │  │ └───────────────────────────────────────┘ │
 *       │   │ open           │     │  └──────────────────────┐                    │
 *       │   │                │     │ any other write         │ truncate to 0      │
 *       │   ▼ probe: blob    ▼     ▼                         │                    │
 *       │  BLOB            PLAIN ──┴──────────────────────────┘                    │
 *       │                   │ ▲ ▲    last writer closes a tensor file: alcm_pack;
 *       │                   │ │ │    idle after changes in place: content_convert.c
 *       │                   │ │ ├── many small updates in place: alcm_unpack ─────┤
 *       │                   │ │ └── smaller than min_size, never written: demote ─┤
 *       └── evicted ────────┘ └───────────────────────────────────────────────────┘
 *
 * PLAIN: the store's file is the truth. BLOB: `blob` is, and the store's file between
 * commits is only a log. UNDECIDED: the store's file is empty or one hole. Transitions
 * hold content->io exclusively; reads and writes hold it shared, so none of them sees a
 * change half done.
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

#include "admin.h"
#include "content_state.h"
#include "inode.h"
#include "mount_log.h"
#include "path.h"
#include "policy.h"

/* ---- small things ------------------------------------------------------------------ */

void content_touch(struct inode *i)
{
	struct content *c = i->content;

	WITH_LOCK(&c->lock);
	clock_gettime(CLOCK_REALTIME_COARSE, &c->mtime);
	c->changed = c->mtime;
	c->mtime_known = true;
	i->told.current = false;
}

void content_set_mtime(struct inode *i, const struct timespec *mtime)
{
	struct content *c = i->content;

	if (!c)
		return;
	WITH_LOCK(&c->lock);
	c->mtime = *mtime;
}

void content_restore_mtime(struct inode *i)
{
	struct content *c = i->content;

	WITH_LOCK(&c->lock);
	if (c->mtime_known) {
		struct timespec t[2] = { { .tv_nsec = UTIME_OMIT }, c->mtime };

		(void)futimens(c->fd, t);
	}
	i->told.current = false;
}

/* ---- opening and closing ----------------------------------------------------------- */

static int reopen_store(struct inode *i, bool writable)
{
	int flags = (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC;

	return or_errno(open(fd_path(i->path_fd), flags));
}

/* Find out what the open file is, and its attributes. Finishes a conversion that was cut
   off. Marks of a cut-off conversion look like damage to alcm_probe(), hence -EIO. */
static int probe_open(struct fs *fs, struct inode *i, struct stat *st,
	struct alcm_probe *probe, struct alcm_diag *diag)
{
	struct content *c = i->content;
	int err = fstat(c->fd, st) ? -errno : 0, done;

	if (err || st->st_size == 0)
		return err;
	content_note_reads(c, false);
	err = alcm_probe(c->fd, probe, diag);
	if (err != -EIO)
		return err;
	done = content_resume(fs, i, diag);
	if (done <= 0)
		return err;
	return fstat(c->fd, st) ? -errno : alcm_probe(c->fd, probe, diag);
}

/* Decide what the open file is: UNKNOWN → any other state. */
static int judge(struct fs *fs, struct inode *i)
{
	struct content *c = i->content;
	struct alcm_diag diag = { 0 };
	struct alcm_blob *blob = NULL;
	struct alcm_probe probe = { ALCM_PLAIN, 0 };
	struct stat st;
	int err = probe_open(fs, i, &st, &probe, &diag);

	c->fresh = !err && st.st_size == 0;
	c->plain_end = c->plain_rewritten = 0;
	c->stays_blob = false;
	if (c->fresh) {
		content_set_state(i, CONTENT_UNDECIDED, NULL);
		content_note_reads(c, true);
		return 0;
	}
	if (!err && probe.kind == ALCM_PLAIN) {
		content_note_reads(c, true);
		content_set_state(i, CONTENT_PLAIN, NULL);
		return 0;
	}
	if (!err)
		err = alcm_blob_open(fs->alcm, c->fd, c->fd_writable, &blob, &diag);
	if (err)
		return content_report(fs, i, err, &diag);
	c->waits = false;
	{
		WITH_LOCK(&c->lock);
		c->mtime = st.st_mtim;
		c->mtime_known = true;
		c->read_noted = false;
	}
	content_set_state(i, CONTENT_BLOB, blob);
	return 0;
}

/* The state leaves BLOB before the blob is closed: stat() takes only content->lock and
   must never meet a freed blob. */
static void close_store(struct fs *fs, struct inode *i)
{
	struct content *c = i->content;
	struct alcm_blob *blob = c->blob;

	if (blob && !c->fresh)
		c->worked_encoded += alcm_blob_encoded_bytes(blob);
	if (c->state != CONTENT_UNKNOWN) {
		WITH_LOCK(&c->lock);
		content_tell_locked(i, blob, blob ? alcm_blob_size(blob) : 0);
	}
	content_set_state(i, CONTENT_UNKNOWN, NULL);
	alcm_blob_close(blob);
	content_await_return(i);
	if (c->fd >= 0) {
		close(c->fd);
		inode_count_fd(fs, -1);
	}
	c->fd = -1;
}

/* Judge the open file again, after a new descriptor or a change in place. */
static int judge_again(struct fs *fs, struct inode *i)
{
	int err = judge(fs, i);

	if (err)
		close_store(fs, i);
	return err;
}

/* Take over `fd`, the store's file. */
static int take_store(struct fs *fs, struct inode *i, int fd, bool writable)
{
	struct content *c = i->content;

	c->fd = fd;
	c->fd_writable = writable;
	inode_count_fd(fs, 1);
	return judge_again(fs, i);
}

/* Have the store's file open, for writing if asked; io held exclusively, inode pinned. */
int content_ensure_open(struct fs *fs, struct inode *i, bool writable)
{
	struct content *c = i->content;
	int fd;

	if (c->fd >= 0 && (c->fd_writable || !writable))
		return 0;
	fd = reopen_store(i, writable);
	if (fd < 0)
		return fd;
	content_await_return(i);
	close_store(fs, i);
	return take_store(fs, i, fd, writable);
}

/* Take the lock shared with the store's file open. A shared lock can't become an
   exclusive one, so it is dropped in between; another thread may evict the file then, and
   the state is looked at again. */
int content_enter(struct fs *fs, struct inode *i, bool writable)
{
	struct content *c = i->content;
	int err = 0;

	shared_lock_share(&c->io);
	while (!err && (c->state == CONTENT_UNKNOWN || (writable && !c->fd_writable))) {
		shared_lock_drop(&c->io);
		shared_lock_take(&c->io);
		err = content_ensure_open(fs, i, writable);
		shared_lock_drop(&c->io);
		shared_lock_share(&c->io);
	}
	if (err)
		shared_lock_drop(&c->io);
	return err;
}

/* Whether the kernel may keep its pages: only this mount has changed the file since they
   were read. */
static bool pages_current(struct inode *i)
{
	struct content *c = i->content;
	struct stat st;
	bool same;

	if (fstat(c->fd, &st))
		return false;
	WITH_LOCK(&c->lock);
	same = c->cached &&
		(c->n_writers || c->n_open > 1 || same_time(&c->cached_ctime, &st.st_ctim));
	c->cached = true;
	c->cached_ctime = st.st_ctim;
	return same;
}

/* A change of our own is no reason to drop the kernel's pages. */
static void remember_pages(struct inode *i)
{
	struct stat st;

	if (i->content->fd < 0 || fstat(i->content->fd, &st))
		return;
	WITH_LOCK(&i->content->lock);
	i->content->cached_ctime = st.st_ctim;
}

int content_open(struct fs *fs, struct inode *i, bool writable, int fd, bool *keep)
{
	struct content *c = content_get(fs, i);
	AUTO_CLOSE int given = fd;
	int err;

	if (!c)
		return -ENOMEM;
	WITH_LOCK_OWNED(&c->io);
	err = given >= 0 && c->fd < 0 ? take_store(fs, i, fd_steal(&given), true)
								  : content_ensure_open(fs, i, writable);
	if (err)
		return err;
	c->n_open++;
	if (writable && c->n_writers++ == 0)
		activity_writing_begin(&fs->activity, &c->writing);
	if (writable)
		idle_disturb(i);
	*keep = pages_current(i);
	return 0;
}

void content_close_unused(struct fs *fs, struct inode *i)
{
	struct content *c = i->content;

	if (c->n_open || c->fd < 0 || (c->blob && alcm_blob_dirty(c->blob)))
		return;
	remember_pages(i);
	content_await_return(i);
	close_store(fs, i);
}

void content_close(struct fs *fs, struct inode *i, bool writable)
{
	struct content *c = i->content;
	bool waits = false;

	rest_end(fs);
	{
		WITH_LOCK_OWNED(&c->io);
		if (writable && --c->n_writers == 0)
			activity_writing_end(&fs->activity, &c->writing);
		/* Changed in place, or not judged because others had it open. */
		if (--c->n_open == 0)
			waits = c->state == CONTENT_PLAIN && (c->waits || c->plain_written);
		content_close_unused(fs, i);
	}
	if (waits)
		idle_add(fs, i);
}

/* Thousands of half-written files can be open: their buffers go to the store. */
static bool commit_for_eviction(struct inode *i)
{
	struct content *c = i->content;

	if (!c->blob || !alcm_blob_dirty(c->blob))
		return true;
	if (alcm_blob_commit(c->blob, false, NULL))
		return false;
	content_restore_mtime(i);
	return true;
}

bool content_evict(struct fs *fs, struct inode *i)
{
	struct content *c = i->content;
	bool clean, in_use;

	if (!c)
		return true;
	if (!shared_lock_try(&c->io))
		return false;
	/* A thread that pinned the inode a moment ago may be replying. */
	clean = !content_is_lent(i) && commit_for_eviction(i);
	if (clean && c->fd >= 0)
		close_store(fs, i);
	in_use = c->n_open > 0;
	shared_lock_drop(&c->io);
	/* Without a descriptor another file could take its place unnoticed. */
	return clean && !(in_use && file_id_is_weak(&i->id));
}

void content_release(struct fs *fs, struct inode *i)
{
	struct content *c = i->content;
	struct alcm_diag diag = { 0 };
	char path[PATH_TEXT];

	if (!c)
		return;
	if (c->blob && alcm_blob_dirty(c->blob)) {
		int err = alcm_blob_commit(c->blob, false, &diag);

		if (err)
			fs_log(fs, ALCM_LOG_ERROR, "%s: its last changes are lost: %s",
				path_of(fs, c->fd, path), diag.cause[0] ? diag.cause : strerror(-err));
		else
			content_restore_mtime(i);
	}
	close_store(fs, i);
	content_lost_release(i);
	content_free(fs, c);
}

/* ---- packing ----------------------------------------------------------------------- */

/* The store's file is neither the plain file nor the blob now: it must not be shown. */
static int leave_half_packed(struct fs *fs, struct inode *i, const struct stat *before,
	const struct alcm_diag *diag)
{
	(void)content_report(fs, i, -EIO, diag);
	close_store(fs, i);
	WITH_LOCK(&i->content->lock);
	content_tell_locked(i, true, (uint64_t)before->st_size);
	return -EINPROGRESS;
}

int content_swapped(struct fs *fs, struct inode *i, int err, const struct stat *before,
	const struct alcm_diag *diag)
{
	if (err == -EINPROGRESS)
		err = leave_half_packed(fs, i, before, diag);
	else
		err = err ? content_report(fs, i, err, diag) : judge_again(fs, i);
	content_overwrite_end(i);
	return err;
}

/* PLAIN → BLOB in place. io held exclusively. */
int content_pack(struct fs *fs, struct inode *i)
{
	struct content *c = i->content;
	struct alcm_profile profile;
	struct alcm_diag diag = { 0 };
	char path[PATH_TEXT];
	struct stat st;
	int err = content_ensure_open(fs, i, true);

	if (err || c->state != CONTENT_PLAIN)
		return err;
	content_await_return(i);
	policy_profile(fs, i, &profile);
	if (fstat(c->fd, &st))
		return -errno;
	content_overwrite_begin(i, st.st_size, &st.st_mtim);
	err = alcm_pack(fs->alcm, fs->store, path_for_job(fs, c->fd, path), c->fd, &profile,
		&diag);
	return content_swapped(fs, i, err, &st, &diag);
}

/* ---- unpacking --------------------------------------------------------------------- */

/*
 * Small random changes cost a chunk each. When they have cost as much as two packings,
 * and several times the bytes written, the file isn't saved now and then: it is updated
 * in place.
 */
bool content_worked_in(struct content *c)
{
	enum { PACKINGS = 2, LEAST_MIB = 16, TIMES_WRITTEN = 4 };
	uint64_t encoded;

	if (c->state != CONTENT_BLOB || c->fresh || c->stays_blob)
		return false;
	encoded = c->worked_encoded + alcm_blob_encoded_bytes(c->blob);
	return encoded > LEAST_MIB << 20 && encoded > PACKINGS * alcm_blob_size(c->blob) &&
		encoded > TIMES_WRITTEN * atomic_load(&c->worked_written);
}

/* Recognised formats stay compressed, and so do lossy values. Content that looks like a
   blob must stay inside one. */
static bool may_be_plain(struct content *c)
{
	char head[ALCM_SNIFF_BYTES];
	ssize_t n = alcm_blob_pread(c->blob, head, sizeof(head), 0, NULL);

	return n > 0 && alcm_sniff(head, (size_t)n) == ALCM_SNIFF_OTHER &&
		!alcm_blob_lossy(c->blob);
}

/* BLOB → PLAIN; io held exclusively. On errors other than -EINPROGRESS the file is a blob
   as before. */
static int unpack(struct fs *fs, struct inode *i, struct alcm_diag *diag)
{
	struct content *c = i->content;
	struct alcm_blob *blob = c->blob;
	struct stat st;
	char path[PATH_TEXT];
	int err = alcm_blob_commit(blob, false, diag);

	if (err || fstat(c->fd, &st))
		return err ? err : -errno;
	content_restore_mtime(i);
	st.st_size = (off_t)alcm_blob_size(blob);
	content_overwrite_begin(i, st.st_size, &c->mtime);
	content_set_state(i, CONTENT_UNKNOWN, NULL);
	alcm_blob_close(blob);
	err = alcm_unpack(fs->alcm, fs->store, path_for_job(fs, c->fd, path), c->fd, diag);
	if (err == -EINPROGRESS)
		return leave_half_packed(fs, i, &st, diag);
	if (!err)
		admin_removed(fs, fs->store_fd, path, false);
	return judge_again(fs, i) ? -EIO : err;
}

void content_unpack(struct fs *fs, struct inode *i)
{
	struct content *c = i->content;
	struct alcm_diag diag = { 0 };
	int err;

	WITH_LOCK_OWNED(&c->io);
	if (!content_worked_in(c))
		return;
	err = may_be_plain(c) ? unpack(fs, i, &diag) : -EALREADY;
	content_overwrite_end(i);
	if (err)
		(void)content_report(fs, i, err, &diag);
	else
		idle_double(fs, i);
	c->plain_written = c->waits = !err;
	/* Until it is opened again. With -EBUSY a program reads the file just now; try again
	   soon. */
	c->stays_blob = err && err != -EBUSY;
	c->worked_encoded = 0;
	c->worked_written = 0;
}
