/* SPDX-License-Identifier: MIT */
/*
 * A file's attributes as users see them, whether its content is open or not.
 *
 *   open BLOB      size and mtime of the blob
 *   open PLAIN     the store's
 *   not open       the store's, but the size of a blob: from `told` if that is current,
 *                  else from a probe of a few hundred bytes
 *   being packed   size and mtime from before (content_overwrite_begin())
 *
 * stat() takes no lock that is held during work on the file: `ls -l` must not wait for a
 * save of gigabytes. Instead n_changes works like the counter of a seqlock. It is read,
 * the attributes are put together from several calls, and it is read again. If it moved,
 * the parts may belong to two states, and all of it is done again.
 *
 * The kernel drops or zeroes pages beyond the size that it is told. So a size that is too
 * small, even for a moment, would change what readers and mappings see. That is why a
 * file that can't be probed keeps the size last told, and why such an answer isn't cached
 * (content_timeout()).
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "content.h"
#include "content_state.h"
#include "inode.h"
#include "mount_log.h"
#include "path.h"

/* ---- what is shown ----------------------------------------------------------------- */

static uint64_t n_changes(struct inode *i)
{
	struct content *c = i->content;

	if (!c)
		return 0;
	WITH_LOCK(&c->lock);
	return c->n_changes;
}

/* Take the lock of i->told, which moves to the content when one is made. content_get()
   installs a content under unopened_lock, so the second look at i->content decides. */
static struct lock *take_told(struct fs *fs, struct inode *i)
{
	struct content *c = i->content;

	if (!c) {
		lock_take(&fs->unopened_lock);
		c = i->content;
		if (!c)
			return &fs->unopened_lock;
		lock_drop(&fs->unopened_lock);
	}
	lock_take(&c->lock);
	return &c->lock;
}

/* ---- files that aren't open -------------------------------------------------------- */

/* The size last told, for a file that can't be examined. */
static struct alcm_probe as_told(const struct told *told, const struct stat *st)
{
	if (told->is_blob)
		return (struct alcm_probe){ ALCM_BLOB, told->blob_size };
	return (struct alcm_probe){ ALCM_PLAIN, (uint64_t)st->st_size };
}

static struct told to_be_told(const struct alcm_probe *probe, const struct stat *st)
{
	bool is_blob = probe->kind == ALCM_BLOB;

	return (struct told){ .ctime_sec = st->st_ctim.tv_sec,
		.ctime_nsec = (uint32_t)st->st_ctim.tv_nsec,
		.bytes = st->st_size,
		.is_blob = is_blob,
		.blob_size = is_blob ? probe->logical_size : 0,
		.current = true };
}

/* The ctime alone isn't enough: two changes within one tick of the store's clock have the
   same. */
static bool is_current(const struct told *told, const struct stat *st)
{
	return told->current && told->bytes == st->st_size &&
		told->ctime_sec == st->st_ctim.tv_sec &&
		told->ctime_nsec == (uint32_t)st->st_ctim.tv_nsec;
}

/* Remember a probe's result. A damaged file stays damaged until it is changed; an error
   of the store may be gone next time. The kernel may have the size of a blob that can't
   be read now, so `*out` keeps it. */
static void note_probe(struct fs *fs, struct inode *i, const struct stat *st, int err,
	bool damaged, uint64_t as_of, struct alcm_probe *out)
{
	struct lock *lock = take_told(fs, i);
	const struct content *c = i->content;

	if (err)
		*out = as_told(&i->told, st);
	/* If the state changed, the probe may have seen the middle of it. */
	if ((c ? c->n_changes : 0) == as_of) {
		i->told.failed = err && !damaged;
		if (!i->told.failed)
			i->told = to_be_told(out, st);
	}
	lock_drop(lock);
}

/* Whether the attributes last told are still right. */
static bool known(struct fs *fs, struct inode *i, const struct stat *st,
	struct alcm_probe *out)
{
	struct lock *lock = take_told(fs, i);
	bool current = is_current(&i->told, st);

	*out = as_told(&i->told, st);
	lock_drop(lock);
	return current;
}

/* Find out what a file that isn't open is; remembered until its ctime changes. `*out` is
   always set, and means nothing if n_changes() isn't `as_of` any more. */
static int probe_closed(struct fs *fs, struct inode *i, int path_fd,
	const struct stat *st, uint64_t as_of, struct alcm_probe *out)
{
	struct alcm_diag diag = { 0 };
	char path[PATH_TEXT];
	uint64_t logical_bytes;

	if (known(fs, i, st, out))
		return 0;

	AUTO_CLOSE int fd = path_open_quietly(fd_path(path_fd));
	int err = fd < 0 ? -errno : alcm_probe(fd, out, &diag);

	/* Half converted: the next open finishes that, and will find this size. */
	if (err == -EIO && alcm_swap_pending(fd, &logical_bytes) == 1) {
		*out = (struct alcm_probe){ ALCM_BLOB, logical_bytes };
		return 0;
	}
	if (err == -EIO && n_changes(i) == as_of)
		fs_log(fs, ALCM_LOG_ERROR, "%s: offset %llu: %s",
			path_of(fs, fd >= 0 ? fd : path_fd, path), (unsigned long long)diag.offset,
			diag.cause[0] ? diag.cause : "the store can't be read");
	note_probe(fs, i, st, err, err == -EIO && diag.cause[0], as_of, out);
	return err;
}

static bool is_before(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec < b->tv_sec || (a->tv_sec == b->tv_sec && a->tv_nsec < b->tv_nsec);
}

/* Compressing an idle file isn't a change of it for users, so the ctime from before is
   shown. */
static void tell_ctime(struct inode *i, struct stat *st)
{
	struct content *c = i->content;

	if (!c)
		return;
	WITH_LOCK(&c->lock);
	if (c->converting || same_time(&c->converted_ctime, &st->st_ctim))
		st->st_ctim = c->told_ctime;
}

/* Correct the store's attributes of an open file. False: it isn't open and must be
   probed. */
static bool show_open(struct inode *i, struct stat *st)
{
	struct content *c = i->content;

	if (!c)
		return false;
	WITH_LOCK(&c->lock);
	if (c->overwritten) {
		st->st_size = c->shown_size;
		st->st_mtim = c->shown_mtime;
	} else if (c->state == CONTENT_BLOB) {
		st->st_size = (off_t)alcm_blob_size(c->blob);
		if (c->mtime_known)
			st->st_mtim = c->mtime;
		if (is_before(&st->st_ctim, &c->changed))
			st->st_ctim = c->changed;
	}
	return c->overwritten || c->state != CONTENT_UNKNOWN;
}

/* One try; -EAGAIN: the file's state changed in the meantime. n_changes() comes before
   fstatat(), so a change between the two is noticed. */
static int stat_once(struct fs *fs, struct inode *i, int path_fd, struct stat *st)
{
	uint64_t as_of = n_changes(i);
	struct alcm_probe probe;
	struct stat now;

	if (fstatat(path_fd, "", &now, AT_EMPTY_PATH))
		return -errno;
	if (!show_open(i, &now) && now.st_size) {
		(void)probe_closed(fs, i, path_fd, &now, as_of, &probe);
		now.st_size = (off_t)probe.logical_size;
	}
	tell_ctime(i, &now);
	*st = now;
	return n_changes(i) == as_of ? 0 : -EAGAIN;
}

int content_stat(struct fs *fs, struct inode *i, int path_fd, struct stat *st)
{
	int err;

	if (!S_ISREG(st->st_mode) || i->admin)
		return 0;
	do
		err = stat_once(fs, i, path_fd, st);
	while (err == -EAGAIN);
	if (err)
		return err;
	/* tar and du take a file without blocks for one without data. */
	if (st->st_size && !st->st_blocks)
		st->st_blocks = 1;
	return 0;
}

/* A writer's size and mtime change with every write, which the kernel follows by itself.
   It can't follow st_blocks, which change when chunks are encoded. */
double content_timeout(struct fs *fs, struct inode *i)
{
	struct content *c;
	struct lock *lock;
	bool uncertain;

	if (i->admin)
		return 0;
	lock = take_told(fs, i);
	c = i->content;
	uncertain = i->told.failed || (c && c->n_writers);
	lock_drop(lock);
	return uncertain ? 0 : fs->opt.attr_timeout;
}

/* Metrics of an open blob. False: it isn't open as a blob. */
static bool open_info(struct inode *i, struct alcm_info *out, int *err,
	struct alcm_diag *diag)
{
	struct content *c = i->content;

	if (!c)
		return false;
	WITH_LOCK_SHARED(&c->io);
	if (c->state != CONTENT_BLOB)
		return false;
	*err = alcm_blob_info(c->blob, out, diag);
	return true;
}

/* A file that is open as a blob is asked through it: its unsaved bytes count. Any other
   file is opened just for this, without changing its access time. */
int content_info(struct fs *fs, struct inode *i, int path_fd, struct alcm_info *out)
{
	struct alcm_diag diag = { 0 };
	struct alcm_blob *blob = NULL;
	int err;

	if (open_info(i, out, &err, &diag))
		return err;

	AUTO_CLOSE int fd = path_open_quietly(fd_path(path_fd));

	if (fd < 0)
		return -errno;
	err = alcm_blob_open(fs->alcm, fd, false, &blob, &diag)
		?: alcm_blob_info(blob, out, &diag);
	alcm_blob_close(blob);
	return err == -EMEDIUMTYPE ? -ENODATA : err;
}

static enum content_state shown_state(struct inode *i)
{
	struct content *c = i->content;

	if (!c)
		return CONTENT_UNKNOWN;
	WITH_LOCK(&c->lock);
	return c->overwritten ? CONTENT_PLAIN : c->state;
}

const char *content_state_name(struct fs *fs, struct inode *i, int path_fd)
{
	struct alcm_probe probe = { ALCM_PLAIN, 0 };
	enum content_state state = shown_state(i);
	struct stat st;

	if (state == CONTENT_UNKNOWN && !fstatat(path_fd, "", &st, AT_EMPTY_PATH)) {
		if (!st.st_size)
			return "undecided";
		(void)probe_closed(fs, i, path_fd, &st, n_changes(i), &probe);
		return probe.kind == ALCM_BLOB ? "blob" : "plain";
	}
	return state == CONTENT_BLOB ? "blob"
		: state == CONTENT_PLAIN ? "plain"
								 : "undecided";
}
