/* SPDX-License-Identifier: MIT */
/* Making what was written permanent: every buffer encoded, index and trailer appended. */
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

/* Some record was replaced: add up the live ones' figures anew from their heads. */
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
	/* Time that was spent stays spent, also on records that are gone. */
	if (t.metrics.cpu_ns < blob->totals.metrics.cpu_ns)
		t.metrics.cpu_ns = blob->totals.metrics.cpu_ns;
	t.metrics.wall_ns = blob->totals.metrics.wall_ns;
	blob->totals = t;
	return 0;
}

static int commit_locked(struct alcm_blob *blob, bool sync, struct alcm_diag *diag)
{
	if (blob->changes.dirty) {
		int err = encode_all_locked(blob);
		uint64_t cpu = clock_thread_cpu_ns();

		if (!err)
			reencode_locked(blob);
		err = blob->changes.failed ? blob->changes.failed : err;
		if (!err)
			err = recount_locked(blob, diag);
		blob->totals.metrics.cpu_ns += clock_thread_cpu_ns() - cpu;
		if (!err)
			err = seal_write_index_locked(blob);
		if (err == -EIO)
			blob->changes.failed = err;
		if (err)
			return diag_set(diag, err, blob->log.end, "the store reports: %s",
				strerror(-err));
		(void)log_trim(&blob->log);
	}
	int err = sync && blob->last.no ? seal_sync_locked(blob) : 0;

	if (!err)
		err = reclaim_locked(blob);
	if (err)
		return diag_set(diag, err, 0, "the store's sync reports: %s", strerror(-err));
	return 0;
}

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
