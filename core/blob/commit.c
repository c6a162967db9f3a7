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
#include "blob/reclaim.h"

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

void commit_await_loaders_locked(struct alcm_blob *blob)
{
	struct cbuf *buf = blob->bufs.next;

	while (buf != &blob->bufs) {
		if (buf->state == CBUF_CLEAN || buf->state == CBUF_DIRTY) {
			buf = buf->next;
			continue;
		}
		lock_wait(&blob->lock, &blob->changed);
		buf = blob->bufs.next;
	}
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

int commit_write_index_locked(struct alcm_blob *blob)
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

int commit_sync_locked(struct alcm_blob *blob)
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
			err = commit_write_index_locked(blob);
		if (err == -EIO)
			blob->failed = err;
		if (err)
			return diag_set(diag, err, blob->log.end, "the store reports: %s",
				strerror(-err));
		(void)log_trim(&blob->log);
	}
	int err = sync && blob->commit_no ? commit_sync_locked(blob) : 0;

	if (!err)
		err = reclaim_locked(blob);
	if (err)
		return diag_set(diag, err, 0, "the store's sync reports: %s", strerror(-err));
	return 0;
}

int alcm_blob_commit(struct alcm_blob *blob, bool sync, struct alcm_diag *diag)
{
	if (!blob->writable || atomic_load(&blob->unfinished))
		return 0;
	WITH_LOCK(&blob->lock);
	commit_enter_locked(blob);

	int err = blob->failed ? blob->failed : commit_locked(blob, sync, diag);

	if (blob->verify_failed) {
		blob->verify_failed = false;
		engine_log(blob->alcm, &blob->log.store, ALCM_LOG_ERROR,
			"an encoded chunk did not decode to what was written; it was stored "
			"uncompressed instead. Nothing is lost, but please report this");
	}
	commit_leave_locked(blob);
	return err;
}
