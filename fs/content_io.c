/* SPDX-License-Identifier: MIT */
/*
 * Reading, writing and resizing what content.c has open.
 *
 * A read or write holds io shared from content_enter() to the end, so the state can't
 * change under it. Two kinds of write need another state first: the first one of an
 * UNDECIDED file, and one that would complete a blob's magic in a PLAIN file. They drop
 * io, decide() with io exclusive, and start over, as another writer may have decided
 * differently in between.
 */
#include "content.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "content_state.h"
#include "inode.h"
#include "mount_log.h"
#include "path.h"
#include "policy.h"

/* A user's read of a blob changes the access time once per opening. The blob's own reads
   don't, as it also reads for writers. */
static void note_blob_read(struct inode *i)
{
	char byte;

	{
		WITH_LOCK(&i->content->lock);
		if (i->content->read_noted)
			return;
		i->content->read_noted = true;
	}
	content_note_reads(i->content, true);
	(void)!pread(i->content->fd, &byte, 1, 0);
	content_note_reads(i->content, false);
}

static int lend(struct inode *i)
{
	WITH_LOCK(&i->content->lock);
	i->content->n_lent++;
	return i->content->fd;
}

void content_return(struct inode *i)
{
	WITH_LOCK(&i->content->lock);
	if (!--i->content->n_lent)
		pthread_cond_broadcast(&i->content->returned);
}

/* Short only at the end of the file: the kernel takes a short answer for the end, and
   shows zeros behind it. After an error it asks again page by page. */
static ssize_t read_blob(struct alcm_blob *blob, char *buf, size_t n, uint64_t off,
	struct alcm_diag *diag)
{
	ssize_t got = alcm_blob_pread(blob, buf, n, off, diag), more;

	if (got <= 0 || (size_t)got == n)
		return got;
	more = alcm_blob_pread(blob, buf + got, n - (size_t)got, off + (uint64_t)got, diag);
	return more < 0 ? more : got + more;
}

static void count_read(struct fs *fs, bool plain, size_t n)
{
	activity_count(&fs->activity, ACTIVITY_READ_BYTES, n);
	if (!plain)
		activity_count(&fs->activity, ACTIVITY_BLOB_READ_BYTES, n);
}

ssize_t content_read(struct fs *fs, struct inode *i, void *buf, size_t n, off_t off,
	int *plain_fd)
{
	struct content *c = i->content;
	struct alcm_diag diag = { 0 };
	ssize_t got = content_enter(fs, i, false);

	if (got)
		return got;
	if (c->state == CONTENT_BLOB) {
		got = read_blob(c->blob, buf, n, (uint64_t)off, &diag);
		note_blob_read(i);
	} else {
		*plain_fd = lend(i);
	}
	if (got < 0)
		(void)content_report(fs, i, (int)got, &diag);
	else
		count_read(fs, *plain_fd >= 0, *plain_fd >= 0 ? n : (size_t)got);
	shared_lock_drop(&c->io);
	return got;
}

/* Whether this write gives a plain file the head of a blob, for which it would be
   mistaken. The file is read only when the written bytes alone can't tell: reading
   changes its access time, and brings pages of a hole into the store's cache, which then
   count as data. Such a file is packed first, so its bytes end up inside a blob. */
static bool forges_blob(const struct content *c, const char *buf, size_t n, off_t off)
{
	char head[ALCM_MAGIC_BYTES] = { 0 };

	if (off >= (off_t)sizeof(head))
		return false;
	if (n > sizeof(head) - (size_t)off)
		n = sizeof(head) - (size_t)off;
	if (memcmp(&ALCM_MAGIC[off], buf, n) != 0)
		return false;
	if (content_peek(c, head, sizeof(head)) < 0)
		return false;
	memcpy(head + off, buf, n);
	return memcmp(head, ALCM_MAGIC, sizeof(head)) == 0;
}

/* UNDECIDED → BLOB. The file may already have a size, which the blob then gets. */
static int become_blob(struct fs *fs, struct inode *i)
{
	struct content *c = i->content;
	struct alcm_blob *blob = NULL;
	struct alcm_profile profile;
	struct stat st;
	int err = fstat(c->fd, &st) ? -errno : 0;

	content_await_return(i);
	policy_profile(fs, i, &profile);
	if (!err)
		err = alcm_blob_create(fs->alcm, c->fd, &profile, &blob);
	if (!err && st.st_size)
		err = alcm_blob_truncate(blob, (uint64_t)st.st_size, NULL);
	if (!err)
		content_set_state(i, CONTENT_BLOB, blob);
	if (!err && st.st_size && TEMP_FAILURE_RETRY(ftruncate(c->fd, 0))) {
		err = -errno;
		content_set_state(i, CONTENT_UNDECIDED, NULL);
	}
	if (err)
		alcm_blob_close(blob);
	else
		content_note_reads(c, false);
	return err;
}

/*
 * Whether this first write starts a blob. A file with a size before its first byte is
 * often filled at random. Then content alone isn't enough now; it is judged at the close.
 */
static bool starts_blob(const struct fs *fs, const struct content *c, const void *buf,
	size_t n)
{
	enum alcm_sniff sniff = alcm_sniff(buf, n);
	struct stat st;

	if (sniff == ALCM_SNIFF_BLOB)
		return true;
	/* A blob is only made plain again before its first chunk is encoded. */
	if (fs->opt.min_size > (uint64_t)fs->opt.chunk_kib << 10)
		return false;
	/* Too large for a blob. */
	if (fstat(c->fd, &st) || (uint64_t)st.st_size > alcm_max_size(fs->alcm))
		return false;
	return alcm_detect_first(fs->detect, buf, n) &&
		(sniff == ALCM_SNIFF_TENSOR || st.st_size == 0);
}

/* Log that a compressed file was copied in. It is stored inside a blob, or it would be
   mistaken for one of this store; the user probably meant the file inside it. */
static void tell_of_blob(struct fs *fs, const struct content *c, const void *buf,
	size_t n)
{
	char path[PATH_TEXT];

	if (n < ALCM_MAGIC_BYTES || alcm_sniff(buf, n) != ALCM_SNIFF_BLOB ||
		atomic_exchange(&fs->told_of_blobs, true))
		return;
	fs_log(fs, ALCM_LOG_WARNING, "%s: %s (reported once)", path_of(fs, c->fd, path),
		ALCM_FORMAT_BLOB_WHY);
}

/* The write that decides an UNDECIDED file's state, or forges a blob's head; io held
   exclusively. */
static int decide(struct fs *fs, struct inode *i, const void *buf, size_t n, off_t off)
{
	struct content *c = i->content;
	int err = content_ensure_open(fs, i, true);

	if (err)
		return err;
	if (c->state == CONTENT_PLAIN && forges_blob(c, buf, n, off)) {
		err = content_pack(fs, i);
		return err == -EINPROGRESS ? -EIO : err;
	}
	if (c->state != CONTENT_UNDECIDED || !n)
		return 0;
	if (off == 0)
		tell_of_blob(fs, c, buf, n);
	if (off == 0 && starts_blob(fs, c, buf, n))
		return become_blob(fs, i);
	content_set_state(i, CONTENT_PLAIN, NULL);
	return 0;
}

/* Count bytes that are written again: they tell whether a file is filled or changed in
   place. */
static void note_plain_write(struct content *c, off_t off, size_t n)
{
	uint64_t start = (uint64_t)off, end = start + n, before = c->plain_end;

	if (start < before)
		c->plain_rewritten += end < before ? n : before - start;
	while (before < end && !atomic_compare_exchange_weak(&c->plain_end, &before, end))
		;
}

/* A PLAIN file is about to change: a kept verdict no longer holds. */
static void note_plain_change(struct inode *i)
{
	struct content *c = i->content;

	idle_disturb(i);
	if (!c->plain_written && !atomic_exchange(&c->plain_written, true))
		alcm_verdict_drop(c->fd);
}

static ssize_t write_plain(struct inode *i, const void *buf, size_t n, off_t off,
	bool append)
{
	struct content *c = i->content;
	ssize_t done;

	note_plain_change(i);
	if (append) {
		struct iovec iov = { (void *)(uintptr_t)buf, n };

		done = pwritev2(c->fd, &iov, 1, off, RWF_APPEND);
	} else {
		done = pwrite(c->fd, buf, n, off);
		if (done > 0)
			note_plain_write(c, off, (size_t)done);
	}
	return done < 0 ? -errno : done;
}

/* Write to a file whose state is decided; io held. */
static ssize_t write_decided(struct inode *i, const void *buf, size_t n, off_t off,
	bool append, struct alcm_diag *diag)
{
	struct content *c = i->content;

	if (c->state != CONTENT_BLOB)
		return write_plain(i, buf, n, off, append);
	if (append)
		off = (off_t)alcm_blob_size(c->blob);
	return alcm_blob_pwrite(c->blob, buf, n, (uint64_t)off, diag);
}

/* io held. */
static void count_written(struct fs *fs, struct content *c, size_t n)
{
	activity_count(&fs->activity, ACTIVITY_WRITTEN_BYTES, n);
	if (c->state == CONTENT_BLOB) {
		activity_count(&fs->activity, ACTIVITY_BLOB_WRITTEN_BYTES, n);
		atomic_fetch_add_explicit(&c->worked_written, n, memory_order_relaxed);
	}
	atomic_fetch_add_explicit(&c->writing.written_bytes, n, memory_order_relaxed);
}

/* The same, repeated while removed files free space, and for the rest of pages that the
   kernel won't send again. io held. */
static ssize_t write_kind(struct fs *fs, struct inode *i, const char *buf, size_t n,
	off_t off, enum write_kind kind, struct alcm_diag *diag)
{
	uint64_t forgotten = inode_n_forgotten(fs);
	size_t at = 0;
	ssize_t done;

	do {
		do {
			done = write_decided(i, buf + at, n - at, off + (off_t)at,
				kind == WRITE_APPEND, diag);
		} while (inode_await_forgotten(fs, done, &forgotten));
		at += done > 0 ? (size_t)done : 0;
	} while (kind == WRITE_CACHED && done > 0 && at < n);
	if (kind == WRITE_CACHED && at < n)
		return done < 0 ? done : -EIO;
	return at ? (ssize_t)at : done;
}

static ssize_t write_content(struct fs *fs, struct inode *i, const void *buf, size_t n,
	off_t off, enum write_kind kind)
{
	struct content *c = i->content;
	struct alcm_diag diag = { 0 };
	ssize_t done = content_enter(fs, i, true);
	bool worked_in;

	if (done)
		return done;
	while (c->state == CONTENT_UNDECIDED ||
		(c->state == CONTENT_PLAIN && forges_blob(c, buf, n, off))) {
		shared_lock_drop(&c->io);
		{
			WITH_LOCK_OWNED(&c->io);
			done = decide(fs, i, buf, n, off);
		}
		done = done ?: content_enter(fs, i, true);
		if (done)
			return done;
	}
	done = write_kind(fs, i, buf, n, off, kind, &diag);
	if (c->state == CONTENT_BLOB)
		content_touch(i);
	if (done < 0)
		(void)content_report(fs, i, (int)done, &diag);
	else
		count_written(fs, c, (size_t)done);
	worked_in = content_worked_in(c);
	shared_lock_drop(&c->io);
	if (worked_in)
		content_unpack(fs, i);
	return done;
}

ssize_t content_write(struct fs *fs, struct inode *i, const void *buf, size_t n,
	off_t off, enum write_kind kind)
{
	ssize_t done = write_content(fs, i, buf, n, off, kind);

	if (done > 0 && kind != WRITE_APPEND)
		content_regain(i, off, off + done);
	else if (done < 0 && kind == WRITE_CACHED)
		content_lose(fs, i, (int)done, off, off + (off_t)n);
	return done;
}

/* ---- changing the size ------------------------------------------------------------- */

/* Truncate to nothing: immediate, as on any filesystem. The next write decides the file's
   state. */
static int empty(struct inode *i)
{
	struct content *c = i->content;
	struct alcm_blob *blob = c->blob;

	/* A chunk that is being encoded would be written behind the new end. */
	if (blob)
		alcm_blob_pause(blob);
	if (TEMP_FAILURE_RETRY(ftruncate(c->fd, 0))) {
		int err = -errno;

		if (blob)
			alcm_blob_resume(blob);
		return err;
	}
	content_set_state(i, CONTENT_UNDECIDED, NULL);
	alcm_blob_close(blob);
	alcm_verdict_drop(c->fd);
	c->plain_written = c->waits = false;
	c->fresh = true;
	c->plain_end = c->plain_rewritten = 0;
	c->worked_encoded = 0;
	c->worked_written = 0;
	content_note_reads(c, true);
	return 0;
}

/* An unreadable file can still be emptied. */
static int empty_unreadable(struct fs *fs, struct inode *i)
{
	int fd = open(fd_path(i->path_fd), O_WRONLY | O_TRUNC | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	close(fd);
	return content_ensure_open(fs, i, true);
}

int content_truncate(struct fs *fs, struct inode *i, off_t size)
{
	struct content *c = i->content;
	struct alcm_diag diag = { 0 };
	bool unreported = false;
	int err;

	idle_disturb(i);
	shared_lock_take(&c->io);
	err = content_ensure_open(fs, i, true);
	if (err == -EIO && size == 0)
		err = empty_unreadable(fs, i);
	if (!err && size == 0) {
		unreported = c->state == CONTENT_BLOB;
		err = empty(i);
	} else if (!err && c->state == CONTENT_BLOB) {
		err = alcm_blob_truncate(c->blob, (uint64_t)size, &diag);
	} else if (!err) {
		note_plain_change(i);
		err = TEMP_FAILURE_RETRY(ftruncate(c->fd, size)) ? -errno : 0;
	}
	if (!err)
		content_touch(i);
	else
		(void)content_report(fs, i, err, &diag);
	shared_lock_drop(&c->io);
	if (!err)
		content_regain(i, size, CONTENT_END);
	/* The report of the old content is outdated. */
	if (!err && unreported)
		reports_due(fs, i);
	return err;
}

static int allocate_blob(struct content *c, int mode, off_t off, off_t len,
	struct alcm_diag *diag)
{
	uint64_t size = alcm_blob_size(c->blob), end = (uint64_t)off + (uint64_t)len;
	int err = 0;

	if (end > alcm_blob_max_size(c->blob))
		return -EFBIG;
	if (mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE))
		err = alcm_blob_zero(c->blob, (uint64_t)off, (uint64_t)len, diag);
	else if (end > size) /* the gap between the end and `off` stays a hole */
		err = alcm_blob_reserve(c->blob,
			end - ((uint64_t)off > size ? (uint64_t)off : size));
	if (!err && !(mode & FALLOC_FL_KEEP_SIZE) && end > size)
		err = alcm_blob_truncate(c->blob, end, diag);
	return err;
}

static int allocate(struct inode *i, int mode, off_t off, off_t len,
	struct alcm_diag *diag)
{
	struct content *c = i->content;
	int err;

	if (c->state == CONTENT_BLOB)
		return allocate_blob(c, mode, off, len, diag);
	err = TEMP_FAILURE_RETRY(fallocate(c->fd, mode, off, len)) ? -errno : 0;
	if (!err && !(mode & FALLOC_FL_KEEP_SIZE))
		content_set_state(i, CONTENT_PLAIN, NULL);
	if (c->state == CONTENT_PLAIN)
		note_plain_change(i);
	return err;
}

int content_fallocate(struct fs *fs, struct inode *i, int mode, off_t off, off_t len)
{
	struct content *c = i->content;
	struct alcm_diag diag = { 0 };
	uint64_t forgotten = inode_n_forgotten(fs);
	int err;

	if (mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE))
		return -EOPNOTSUPP;
	shared_lock_take(&c->io);
	err = content_ensure_open(fs, i, true);
	if (!err) {
		do
			err = allocate(i, mode, off, len, &diag);
		while (inode_await_forgotten(fs, err, &forgotten));
	}
	if (!err && c->state == CONTENT_BLOB)
		content_touch(i);
	if (err)
		(void)content_report(fs, i, err, &diag);
	shared_lock_drop(&c->io);
	if (!err && mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE))
		content_regain(i, off, off + len);
	return err;
}

off_t content_seek(struct fs *fs, struct inode *i, off_t off, int whence)
{
	struct content *c = i->content;
	off_t at = content_enter(fs, i, false);

	if (at)
		return at;
	if (c->state == CONTENT_BLOB) {
		at = off < 0 ? -ENXIO : alcm_blob_seek(c->blob, (uint64_t)off, whence);
	} else {
		at = lseek(c->fd, off, whence);
		if (at < 0)
			at = -errno;
	}
	shared_lock_drop(&c->io);
	return at;
}
