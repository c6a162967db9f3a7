/* SPDX-License-Identifier: MIT */
/*
 * Making writes final at a close or fsync, and the changes of state that come with a
 * close:
 *
 *   close of a writer:  BLOB below min_size, nothing in the store ──► demoted to PLAIN
 *                       PLAIN that turned out to be worth it ──► BLOB now, or when idle
 *                       BLOB ──► quantise (lossy) ──► commit ──► reclaim (last writer)
 *   fsync:              BLOB ──► commit with sync; PLAIN ──► fsync
 *
 * The kernel sends a FLUSH for each close(2) of each duplicate, so one save may come here
 * several times; a commit without changes costs nothing. Pages of a mapping may be
 * written after the last FLUSH, and op_release() commits those.
 *
 * A change of state needs io exclusively, the commit only shares it, so reads go on
 * during a commit. Between the two io is free and another thread may change the state. So
 * settle() and the commit each look at the state again, and neither trusts the check that
 * led to it.
 *
 * A failed commit leaves the last one in the store readable and the blob dirty. The
 * closing program gets the error, and the next close or fsync tries again.
 *
 * Reports and notifications leave after io is unlocked: a report reads the store, and a
 * notification may wait for reads of this very file.
 */
#include "content.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin.h"
#include "content_state.h"
#include "inode.h"
#include "mount_log.h"
#include "path.h"

/* A file is changed in place if more than this share of it was written twice. A save that
   seeks back to fill in its header stays far below it. */
enum { IN_PLACE_SHARE = 8 };

/* Write the blob's bytes, at most `max`, to the store's file uncompressed; the blob is
   paused. Returns their number, or a negative errno. */
static ssize_t write_as_plain(struct content *c, size_t max)
{
	struct alcm_blob *blob = c->blob;
	char *buf = malloc(max + 1);
	ssize_t n = buf ? alcm_blob_pread(blob, buf, max, 0, NULL) : -ENOMEM;
	int err = n < 0 ? (int)n : fd_pwrite(c->fd, buf, (size_t)n, 0);

	/* This also frees the space reserved for a chunk. */
	if (TEMP_FAILURE_RETRY(ftruncate(c->fd, err ? 0 : n)) && !err)
		err = -errno;
	free(buf);
	return err ?: n;
}

/* BLOB → PLAIN, for a blob that is too small and has nothing in the store yet. The
   encoders are paused first, or one could write a record behind the plain bytes. */
static int demote(struct fs *fs, struct inode *i)
{
	struct content *c = i->content;
	struct alcm_blob *blob = c->blob;
	ssize_t n = 0;
	bool unwritten;

	alcm_blob_pause(blob);
	/* If memory was short, its chunk may have been encoded by now; then it stays. */
	unwritten = alcm_blob_unwritten(blob);
	if (unwritten)
		n = write_as_plain(c, fs->opt.min_size);
	if (!unwritten || n < 0) {
		alcm_blob_resume(blob);
		return (int)n;
	}
	content_restore_mtime(i);
	content_set_state(i, n ? CONTENT_PLAIN : CONTENT_UNDECIDED, NULL);
	alcm_blob_close(blob);
	content_note_reads(c, true);
	return 0;
}

/* Whether a close makes this blob plain again. */
static bool demotable(const struct fs *fs, const struct content *c)
{
	char head[ALCM_SNIFF_BYTES];
	ssize_t n;

	if (c->state != CONTENT_BLOB || alcm_blob_size(c->blob) >= fs->opt.min_size ||
		!alcm_blob_unwritten(c->blob))
		return false;
	n = alcm_blob_pread(c->blob, head, sizeof(head), 0, NULL);
	/* A prefix of our magic may be completed later, a byte at a time, but that write is
	   caught. The whole magic must stay inside a blob. */
	return n >= 0 &&
		(n < ALCM_MAGIC_BYTES || memcmp(head, ALCM_MAGIC, ALCM_MAGIC_BYTES) != 0);
}

/* Whether a close judges this plain file: it was written, and has no other writer. The
   closing handle is still counted, hence <= 1. */
static bool judgeable(const struct content *c)
{
	return c->state == CONTENT_PLAIN && c->plain_written && c->n_writers <= 1;
}

enum fate { FATE_PLAIN, FATE_WAITS, FATE_BLOB };

/*
 * Decide what a written plain file becomes; io held exclusively. A tensor file's head is
 * enough. Content counts if the file is new. A file changed in place, or there before,
 * such as a database, waits until it is idle.
 */
static enum fate consider(struct fs *fs, struct inode *i)
{
	struct content *c = i->content;
	struct alcm_verdict v = { 0 };
	char head[ALCM_SNIFF_BYTES];
	struct stat st;

	if (fstat(c->fd, &st) || st.st_nlink != 1 || st.st_size < (off_t)fs->opt.min_size ||
		content_peek(c, head, sizeof(head)) != (ssize_t)sizeof(head))
		return FATE_PLAIN;
	if (alcm_sniff(head, sizeof(head)) == ALCM_SNIFF_TENSOR &&
		alcm_detect_first(fs->detect, head, sizeof(head)))
		return FATE_BLOB;
	if (!c->fresh || c->plain_rewritten > (uint64_t)st.st_size / IN_PLACE_SHARE)
		return FATE_WAITS;
	content_note_reads(c, false);
	if (alcm_detect_file(fs->detect, fs->opt.min_size, c->fd, &st, &v))
		v.worth = false;
	content_note_reads(c, true);
	if (!v.worth)
		content_keep_verdict(fs, i, c->fd, &v);
	return v.worth ? FATE_BLOB : FATE_PLAIN;
}

/* Have the file judged again when it is idle. */
static void wait_until_idle(struct inode *i)
{
	struct content *c = i->content;

	WITH_LOCK_OWNED(&c->io);
	c->waits = c->state == CONTENT_PLAIN;
}

/* Change the state if a close calls for it, before the commit; no lock is held. io isn't
   held during the conversion, which may take as long as encoding the file does. */
static int settle(struct fs *fs, struct inode *i)
{
	struct content *c = i->content;
	enum fate fate = FATE_PLAIN;
	int err = 0;

	{
		WITH_LOCK_OWNED(&c->io);
		if (demotable(fs, c)) {
			err = demote(fs, i);
		} else if (judgeable(c)) {
			fate = consider(fs, i);
			/* A write during the conversion sets it again. */
			c->plain_written = false;
			c->waits = fate == FATE_WAITS;
		}
	}
	if (fate != FATE_BLOB)
		return err;
	err = content_convert_now(fs, i);
	/* It was changed in the meantime: that writer's close, or the time after it, brings
	   it back. */
	if (err == -EAGAIN)
		wait_until_idle(i);
	/* Otherwise the plain file is intact: not converting it is no error. */
	return err == -EINPROGRESS ? -EIO : 0;
}

/* Give a complete save the values of its lossy profile; io held shared. */
static int quantise(struct fs *fs, struct inode *i, bool *changed, struct alcm_diag *diag)
{
	struct content *c = i->content;
	struct alcm_scheduler scheduler;

	/* With other writers the save isn't complete; the last one to close does this. */
	if (!alcm_blob_lossy(c->blob) || c->n_writers != 1)
		return 0;
	admin_read_scheduler(fs, c->fd, &scheduler);
	return alcm_blob_quantise(c->blob, scheduler.prune_share, changed, diag);
}

/* A user who chose a lossy profile can find in the log what each save has lost. */
static void log_quantised(struct fs *fs, struct inode *i, const struct alcm_info *info)
{
	const struct alcm_distortion *d = &info->quantisation.distortion;
	char name[PATH_TEXT];

	fs_log(fs, ALCM_LOG_INFO,
		"%s: values changed by profile %s: %.2f %% pruned, MSE %.3g, MAE %.3g, "
		"max error %.3g, relative L2 error %.3g, PSNR %.1f dB",
		path_of(fs, i->content->fd, name), info->profile, 100 * d->pruned_share, d->mse,
		d->mae, d->max_error, d->relative_l2, d->psnr_db);
}

/* Log that a save was quantised, and give its CAQ to the scheduler. */
static void advance_scheduler(struct fs *fs, struct inode *i)
{
	struct alcm_scheduler scheduler;
	struct alcm_info info;

	if (alcm_blob_info(i->content->blob, &info, NULL))
		return;
	log_quantised(fs, i, &info);
	WITH_LOCK(&fs->scheduler_lock);
	admin_read_scheduler(fs, i->content->fd, &scheduler);
	alcm_scheduler_add(&scheduler, info.caq);
	admin_write_scheduler(fs, i->content->fd, &scheduler);
}

/* The outcome of a commit, for reports and notifications after io is unlocked. */
struct outcome {
	bool changed;            /* readers see different values now */
	bool renewed;            /* the report must be written again */
	struct alcm_info *lossy; /* the report's metrics, if the profile is lossy */
};

/* The blob's metrics, on the heap; NULL: they can't be had. */
static struct alcm_info *what_is_known(struct alcm_blob *blob)
{
	struct alcm_info *info = malloc(sizeof(*info));

	if (info && !alcm_blob_info(blob, info, NULL) && !alcm_blob_list_tensors(blob, info))
		return info;
	free(info);
	return NULL;
}

/* Commit the blob; io held shared. A full store is tried again while removed files free
   space. Quantising comes first, as it replaces what is committed; reclaiming comes last,
   as it punches what only the former commit needed. With fsync values stay as they are:
   the save isn't complete yet. */
static int commit_blob(struct fs *fs, struct inode *i, bool sync, struct outcome *out,
	struct alcm_diag *diag)
{
	struct content *c = i->content;
	uint64_t forgotten = inode_n_forgotten(fs);
	bool dirty = false, reclaimed = false;
	int err;

	do {
		err = sync ? 0 : quantise(fs, i, &out->changed, diag);
		dirty |= alcm_blob_dirty(c->blob);
		if (!err)
			err = alcm_blob_commit(c->blob, sync, diag);
	} while (inode_await_forgotten(fs, err, &forgotten));
	/* This is the last writer's close. */
	if (!err && !sync && c->n_writers == 1)
		err = alcm_blob_reclaim(c->blob, &reclaimed, diag);
	if (err || !(dirty || reclaimed))
		return err;
	activity_count(&fs->activity, ACTIVITY_N_COMMITS, 1);
	content_restore_mtime(i);
	if (out->changed)
		advance_scheduler(fs, i);
	out->renewed = true;
	if (alcm_blob_lossy(c->blob))
		out->lossy = what_is_known(c->blob);
	return 0;
}

/* The store's file system reports a failed write once, and not which one. */
static int lose_all(struct fs *fs, struct inode *i, int err)
{
	content_lose(fs, i, err, 0, CONTENT_END);
	return err;
}

int content_commit(struct fs *fs, struct inode *i, bool sync)
{
	struct content *c = i->content;
	struct alcm_diag diag = { 0 };
	struct outcome done = { 0 };
	int err = content_enter(fs, i, false);

	if (err)
		return err;
	if (!sync && (demotable(fs, c) || judgeable(c))) {
		shared_lock_drop(&c->io);
		err = settle(fs, i) ?: content_enter(fs, i, false);
		if (err)
			return err;
	}
	if (c->state == CONTENT_BLOB)
		err = commit_blob(fs, i, sync, &done, &diag);
	else if (sync && TEMP_FAILURE_RETRY(fsync(c->fd)))
		err = lose_all(fs, i, -errno);
	if (err)
		(void)content_report(fs, i, err, &diag);
	shared_lock_drop(&c->io);
	if (done.lossy)
		admin_write_lossy(fs, i, done.lossy);
	free(done.lossy);
	if (done.renewed)
		reports_due(fs, i);
	if (done.changed)
		notify_pages(fs, i);
	return err;
}

/* Waits for encoding that holds io; only asked after a commit has failed. */
bool content_unsaved(struct inode *i)
{
	struct content *c = i->content;

	WITH_LOCK_OWNED(&c->io);
	return c->blob && alcm_blob_dirty(c->blob);
}
