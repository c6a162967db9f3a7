/* SPDX-License-Identifier: MIT */
/* Making what was written permanent: every buffer encoded, index and trailer appended. */
#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/diag.h"
#include "base/lock.h"
#include "blob/blob_state.h"
#include "blob/commit.h"

enum {
	/* Dead space is worth a hole when it is this much, and this share of the live bytes. */
	PUNCH_MIN = 1 << 20,
	PUNCH_SHARE = 8,
	/* … and worth a sync of its own when it is this many times that. */
	PUNCH_SYNC_FACTOR = 8,
	PUNCH_UNSEEN_MIN = 64 << 10, /* costs no sync */
};

void commit_enter_locked(struct alcm_blob *blob)
{
	while (blob->exclusive)
		lock_wait(&blob->lock, &blob->changed);
	blob->exclusive = true;
}

void commit_leave_locked(struct alcm_blob *blob)
{
	blob->exclusive = false;
	pthread_cond_broadcast(&blob->changed);
}

/* A single buffer is encoded on this thread, which saves two context switches. */
int commit_encode_all_locked(struct alcm_blob *blob)
{
	blob->full = 0;
	for (struct cbuf *buf = blob->bufs.next; blob->n_dirty == 1; buf = buf->next) {
		if (buf->state == CBUF_DIRTY) {
			chunk_encode_now_locked(buf);
			break;
		}
	}
	if (!blob->full && !blob->failed)
		chunk_queue_all_locked(blob);
	while (blob->n_busy)
		lock_wait(&blob->lock, &blob->changed);
	return blob->failed ? blob->failed : blob->full;
}

/* Some record was replaced: add up the live ones' figures anew from their heads. */
static int recount_locked(struct alcm_blob *blob, struct alcm_diag *diag)
{
	struct totals t = { 0 };
	struct slot *s;

	if (!blob->totals.stale)
		return 0;
	for (uint32_t k = 0; (s = table_next(&blob->table, &k)); k++) {
		struct codec_result planes;
		struct metrics m;

		/* A damaged record must not keep the others from being committed. */
		if (s->off &&
			!record_read_metrics(blob, s->off, s->frame_len, k, &m, &planes, diag))
			totals_add(&t, &m, &planes);
		if (k == UINT32_MAX)
			break;
	}
	/* Time that was spent stays spent, also on records that are gone. */
	if (t.metrics.cpu_ns < blob->totals.metrics.cpu_ns)
		t.metrics.cpu_ns = blob->totals.metrics.cpu_ns;
	t.metrics.wall_ns = blob->totals.metrics.wall_ns;
	blob->totals = t;
	return 0;
}

/* Append index and trailer of the state as it is now. */
static int write_index_locked(struct alcm_blob *blob)
{
	uint64_t now = clock_wall_ns(), wall = blob->totals.metrics.wall_ns;
	AUTO_FREE uint8_t *buf = NULL;
	struct disk_trailer t;
	size_t len;

	if (blob->dirty_since_ns)
		blob->totals.metrics.wall_ns += now - blob->dirty_since_ns;

	int err = chunk_write_header_locked(blob);

	if (!err)
		err = index_build_locked(blob, &buf, &len, &t);
	if (!err)
		err = store_write(&blob->log.store, buf, len, blob->log.end);
	if (err) {
		blob->totals.metrics.wall_ns = wall;
		return err;
	}
	(void)log_take(&blob->log, len);
	blob->unseen_from = blob->trailer_off ? blob->trailer_off + DISK_TRAILER_BYTES
					      : DISK_HEADER_BYTES;
	blob->dirty = false;
	blob->dirty_since_ns = 0;
	blob->synced = false;
	blob->commit_no = t.commit_no;
	blob->trailer_off = t.off;
	blob->index_off = t.index_off;
	blob->committed_size = t.size;
	blob->committed_live = t.live_bytes;
	blob->committed_threads = t.threads;
	return 0;
}

static int sync_locked(struct alcm_blob *blob)
{
	if (blob->synced)
		return 0;

	/* `exclusive` is held: nothing is written while the lock is dropped. */
	lock_drop(&blob->lock);

	int err = blob->log.store.ops->sync(blob->log.store.ctx);

	lock_take(&blob->lock);
	if (err) {
		/* The kernel forgets pages that it couldn't write: no later sync can mend it. */
		blob->failed = -EIO;
		return err;
	}
	blob->synced = true;
	blob->synced_off = blob->trailer_off;
	return 0;
}

/*
 * Frames that were dead before any commit referred to them, as those of a lossy file's first, lossless
 * state: nothing can fall back on them, so they go at once.
 */
static int punch_unseen_locked(struct alcm_blob *blob)
{
	uint64_t keep_end = blob->trailer_off + DISK_TRAILER_BYTES, from = blob->unseen_from;
	uint64_t dead;

	if (!from || blob->log.cant_punch)
		return 0;
	blob->unseen_from = 0;
	dead = log_dead_behind(&blob->log, &blob->table, from, blob->index_off, keep_end);
	if (dead < PUNCH_UNSEEN_MIN || dead < blob->log.live / PUNCH_SHARE)
		return 0;
	return log_punch_behind(&blob->log, &blob->table, from, blob->index_off, keep_end);
}

/* Give dead space back, once what replaces it is on the disk. */
static int punch_locked(struct alcm_blob *blob)
{
	uint64_t want = PUNCH_MIN + blob->log.live / PUNCH_SHARE;
	int err = punch_unseen_locked(blob);
	uint64_t dead = log_dead(&blob->log);

	if (err || dead < want || (!blob->synced && dead < want * PUNCH_SYNC_FACTOR))
		return err;
	err = sync_locked(blob);
	if (!err)
		(void)log_punch(&blob->log, &blob->table, blob->index_off,
			blob->trailer_off + DISK_TRAILER_BYTES);
	return err;
}

static int commit_locked(struct alcm_blob *blob, bool sync, struct alcm_diag *diag)
{
	if (blob->dirty) {
		int err = commit_encode_all_locked(blob);
		uint64_t cpu = clock_thread_cpu_ns();

		if (!err)
			recode_locked(blob);
		err = blob->failed ? blob->failed : err;
		if (!err)
			err = recount_locked(blob, diag);
		blob->totals.metrics.cpu_ns += clock_thread_cpu_ns() - cpu;
		if (!err)
			err = write_index_locked(blob);
		if (err == -EIO)
			blob->failed = err;
		if (err)
			return diag_set(diag, err, blob->log.end, "the store reports: %s",
				strerror(-err));
		(void)log_trim(&blob->log);
	}
	int err = sync && blob->commit_no ? sync_locked(blob) : 0;

	if (!err)
		err = punch_locked(blob);
	if (err)
		return diag_set(diag, err, 0, "the store's sync reports: %s", strerror(-err));
	return 0;
}

int alcm_blob_commit(struct alcm_blob *blob, bool sync, struct alcm_diag *diag)
{
	if (!blob->writable)
		return 0;
	WITH_LOCK(&blob->lock);
	commit_enter_locked(blob);

	int err = blob->failed ? blob->failed : commit_locked(blob, sync, diag);

	if (blob->verify_failed) {
		blob->verify_failed = false;
		engine_log(blob->alcm, ALCM_LOG_ERROR,
			"an encoded chunk did not decode to what was written; it was stored "
			"uncompressed instead. Nothing is lost, but please report this");
	}
	commit_leave_locked(blob);
	return err;
}
