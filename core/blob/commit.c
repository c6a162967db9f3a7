/* SPDX-License-Identifier: MIT */
/*
 * Making writes permanent. Holding `exclusive`, a commit
 *
 *   1. encodes every dirty buffer            encode.c
 *   2. re-encodes untyped chunks, if it pays reencode.c
 *   3. recounts the totals, if stale
 *   4. appends index and trailer             seal.c
 *   5. syncs, if asked to                    seal.c
 *   6. punches dead space, if it is much     reclaim.c
 *
 * A failure before step 4 loses no data and leaves the last commit in place: call again.
 * A store that lost a write makes the blob FAILED.
 */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/lock.h"
#include "blob/encode.h"
#include "blob/index.h"
#include "blob/reclaim.h"
#include "blob/record.h"
#include "blob/reencode.h"
#include "blob/seal.h"

/*
 * A record was replaced: sum up the figures of all live records again, from their heads.
 */
static int recount_locked(struct alcm_blob *blob, struct alcm_diag *diag)
{
	const struct record_context with = { .blob = blob, .diag = diag };
	struct totals t = { 0 };
	struct slot *s;

	if (!blob->totals.stale)
		return 0;
	for (uint32_t k = 0; (s = table_next(&blob->table, &k)); k++) {
		const struct table_record at = { s->off, s->frame_len, k };
		struct codec_result planes;
		struct metrics m;

		/* A damaged record must not keep the others from being committed. */
		if (s->off && !record_read_metrics(&with, &at, &m, &planes))
			totals_add(&t, &m, &planes);
		if (k == UINT32_MAX)
			break;
	}
	/* CPU time includes that of records that were replaced. */
	if (t.metrics.cpu_ns < blob->totals.metrics.cpu_ns)
		t.metrics.cpu_ns = blob->totals.metrics.cpu_ns;
	t.metrics.wall_ns = blob->totals.metrics.wall_ns;
	blob->totals = t;
	return 0;
}

/* The CPU time of steps 2 and 3 on this thread is part of the save. Workers' time is in
   the records. */
static int commit_locked(struct alcm_blob *blob, bool sync, struct alcm_diag *diag)
{
	if (blob->changes.dirty) {
		int err = encode_all_locked(blob);
		uint64_t cpu = clock_thread_cpu_ns();

		if (!err)
			reencode_locked(blob);
		err = blob->changes.failed ?: err ?: recount_locked(blob, diag);
		blob->totals.metrics.cpu_ns += clock_thread_cpu_ns() - cpu;
		if (!err)
			err = seal_write_index_locked(blob);
		if (err == -EIO)
			blob->changes.failed = err;
		if (err)
			return diag_set(diag, err, blob->log.end, "the store reports: %s",
				strerror(-err));
		/* Failing to trim costs space only, and the next commit tries again. */
		(void)log_trim(&blob->log);
	}
	int err = (sync && blob->last.no ? seal_sync_locked(blob) : 0)
		?: reclaim_locked(blob);

	if (err)
		return diag_set(diag, err, 0, "the store's sync reports: %s", strerror(-err));
	return 0;
}

/* A blob that was rebuilt without a commit must not become one by a close. */
int alcm_blob_commit(struct alcm_blob *blob, bool sync, struct alcm_diag *diag)
{
	if (!blob->writable || atomic_load(&blob->changes.unfinished))
		return 0;
	WITH_LOCK(&blob->lock);
	blob_enter_locked(blob);

	int err = blob->changes.failed ? blob->changes.failed
								   : commit_locked(blob, sync, diag);

	if (blob->changes.verify_failed) {
		blob->changes.verify_failed = false;
		engine_log(blob->alcm, &blob->log.io, ALCM_LOG_ERROR,
			"an encoded chunk did not decode to what was written; it was stored "
			"uncompressed instead. Nothing is lost, but please report this");
	}
	blob_leave_locked(blob);
	return err;
}
