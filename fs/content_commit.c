/* SPDX-License-Identifier: MIT */
/* Making what was written final, and the changes of state that come with it. */
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

/* A file of which more than this share was written twice is one that is changed in
   place. */
enum { IN_PLACE_SHARE = 8 };

/*
 * Write the blob's bytes, at most `max`, to the store's file as they are; the blob is
 * paused. Their number, or a negative errno.
 */
static ssize_t write_as_plain(struct content *c, size_t max)
{
	struct alcm_blob *blob = c->blob;
	char *buf = malloc(max + 1);
	ssize_t n = buf ? alcm_blob_pread(blob, buf, max, 0, NULL) : -ENOMEM;
	int err = n < 0 ? (int)n : fd_pwrite(c->fd, buf, (size_t)n, 0);

	/* Also gives back what was reserved for a chunk. */
	if (TEMP_FAILURE_RETRY(ftruncate(c->fd, err ? 0 : n)) && !err)
		err = -errno;
	free(buf);
	return err ?: n;
}

/* A blob of which nothing is in the store yet, too small to be one: BLOB → PLAIN. */
static int demote(struct fs *fs, struct inode *i)
{
	struct content *c = i->content;
	struct alcm_blob *blob = c->blob;
	ssize_t n = 0;
	bool unwritten;

	alcm_blob_pause(blob);
	/* For want of memory its chunk may have been encoded meanwhile: then it stays. */
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

static bool demotable(const struct fs *fs, const struct content *c)
{
	char head[ALCM_SNIFF_BYTES];
	ssize_t n;

	if (c->state != CONTENT_BLOB || alcm_blob_size(c->blob) >= fs->opt.min_size ||
		!alcm_blob_unwritten(c->blob))
		return false;
	n = alcm_blob_pread(c->blob, head, sizeof(head), 0, NULL);
	/* A prefix of our magic could be completed later, one byte at a time: no matter, that
	   write is caught. The whole magic must stay inside a blob. */
	return n >= 0 &&
		(n < ALCM_MAGIC_BYTES || memcmp(head, ALCM_MAGIC, ALCM_MAGIC_BYTES) != 0);
}

/* A plain file that nobody else may change, and that may have turned out to be worth
   it. */
static bool judgeable(const struct content *c)
{
	return c->state == CONTENT_PLAIN && c->plain_written && c->n_writers <= 1;
}

enum fate { FATE_PLAIN, FATE_WAITS, FATE_BLOB };

/*
 * Its head alone makes a tensor file. Content does if it is new: what is changed in
 * place, or was there before, as a database, waits until it is idle. io held
 * exclusively.
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

/* It is looked at again when it is idle. */
static void wait_until_idle(struct inode *i)
{
	struct content *c = i->content;

	WITH_LOCK_OWNED(&c->io);
	c->waits = c->state == CONTENT_PLAIN;
}

/* What there is to be done at a close before the commit; no lock is held. */
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
			/* What is written while the file is converted sets it again. */
			c->plain_written = false;
			c->waits = fate == FATE_WAITS;
		}
	}
	if (fate != FATE_BLOB)
		return err;
	err = content_convert_now(fs, i);
	/* Somebody changed it meanwhile: their close, or the time after it, brings it
	   back. */
	if (err == -EAGAIN)
		wait_until_idle(i);
	/* Otherwise the plain file is whole and stays so: not taking it up is no error. */
	return err == -EINPROGRESS ? -EIO : 0;
}

/* A complete save takes on the values of its lossy profile; io held shared. */
static int quantise(struct fs *fs, struct inode *i, bool *changed, struct alcm_diag *diag)
{
	struct content *c = i->content;
	struct alcm_scheduler scheduler;

	/* Another writer has not finished yet: the last one to close does it. */
	if (!alcm_blob_lossy(c->blob) || c->n_writers != 1)
		return 0;
	admin_read_scheduler(fs, c->fd, &scheduler);
	return alcm_blob_quantise(c->blob, scheduler.prune_share, changed, diag);
}

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

/* A save was quantised: say so, and let the scheduler learn how it did. */
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

/* What a commit did, for those who are told when no lock is held. */
struct outcome {
	bool changed;            /* readers see other values than before */
	bool renewed;            /* the report is another */
	struct alcm_info *lossy; /* what is to be in it, if the profile is lossy */
};

/* On the heap; NULL: it can't be told. */
static struct alcm_info *what_is_known(struct alcm_blob *blob)
{
	struct alcm_info *info = malloc(sizeof(*info));

	if (info && !alcm_blob_info(blob, info, NULL) && !alcm_blob_list_tensors(blob, info))
		return info;
	free(info);
	return NULL;
}

/* io held shared. */
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
	/* The last writer closes it. */
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

/* The store's file system tells of a failed write once, and not of what. */
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

bool content_unsaved(struct inode *i)
{
	struct content *c = i->content;

	WITH_LOCK_OWNED(&c->io);
	return c->blob && alcm_blob_dirty(c->blob);
}
