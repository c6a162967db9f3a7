/* SPDX-License-Identifier: MIT */
/*
 * Dead space, and how it comes back:
 *
 *   commit      much dead space is punched; only very much is worth a sync
 *   last close  if the file takes more than it would uncompressed, plus a twentieth:
 *                 1. frames that no commit ever referred to are punched
 *                 2. the commit is synced; then all dead space is punched, or cut off at
 *                    the end
 *                 3. holes end at blocks, so short runs of records between holes keep
 *                    blocks that are mostly dead: such records are moved to the log's
 *                    end, which is a commit like any other
 *
 * Nothing that the last commit on the disk refers to is touched at any time, so a crash
 * leaves that one readable.
 */
#include "blob/reclaim.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/diag.h"
#include "base/lock.h"
#include "blob/bases.h"
#include "blob/cache.h"
#include "blob/encode.h"
#include "blob/seal.h"

enum {
	/* Dead space is worth punching when it exceeds this much plus this share of the live
	   bytes. */
	PUNCH_MIN = 1 << 20,
	PUNCH_SHARE = 8,
	/* … and worth a sync of its own when it is this many times as much. */
	PUNCH_SYNC_FACTOR = 8,
	PUNCH_UNSEEN_MIN = 64 << 10, /* costs no sync */
	/*
	 * A closed file may take this share, or a block, more than its data in whole blocks.
	 */
	BLOCK = 4096,
	EXCESS_SHARE = 20,
	SHORT_RUN = 256 << 10, /* of two blocks at its ends on average half is dead */
};

/*
 * Frames that died before any commit referred to them, such as those of a lossy file's
 * first, lossless state. No older commit needs them, so they are punched without a sync.
 */
static int punch_unseen_locked(struct alcm_blob *blob, uint64_t least)
{
	uint64_t keep_end = blob->last.trailer_off + DISK_TRAILER_BYTES,
			 from = blob->last.unseen_from;
	uint64_t dead;

	if (!from || blob->log.cant_punch)
		return 0;
	dead = log_dead_behind(&blob->log, &blob->table, from, blob->last.index_off,
		keep_end);
	if (dead < least)
		return 0;
	blob->last.unseen_from = 0;
	return log_punch_behind(&blob->log, &blob->table, from, blob->last.index_off,
		keep_end);
}

/* Punch all dead space. The sync comes first: a crash must find the newer commit. */
static int punch_all_locked(struct alcm_blob *blob)
{
	int err = seal_sync_locked(blob);

	if (!err)
		(void)log_punch(&blob->log, &blob->table, blob->last.index_off,
			blob->last.trailer_off + DISK_TRAILER_BYTES);
	return err;
}

int reclaim_locked(struct alcm_blob *blob)
{
	uint64_t share = blob->log.live / PUNCH_SHARE, want = PUNCH_MIN + share;
	int err = punch_unseen_locked(blob, max_u64(PUNCH_UNSEEN_MIN, share));
	uint64_t dead = log_dead(&blob->log);

	if (err || dead < want || (!blob->last.synced && dead < want * PUNCH_SYNC_FACTOR))
		return err;
	return punch_all_locked(blob);
}

/* ---- at the last close ------------------------------------------------------------- */

/* Bytes that a plain file would take; holes are holes there, too. */
static uint64_t data_bytes(const struct alcm_blob *blob)
{
	uint64_t whole = blob->table.n_records << blob->chunk_log2;
	uint32_t tail = (uint32_t)(blob->size & (blob->chunk_bytes - 1));
	const struct slot *last = tail ? table_find(&blob->table, chunk_of(blob, blob->size))
								   : NULL;

	return last && last->off ? whole - blob->chunk_bytes + tail : whole;
}

/* Compares allocated bytes with the data in whole blocks, plus the excess that is
   allowed. */
static bool takes_too_much(const struct alcm_blob *blob)
{
	uint64_t data = data_bytes(blob);
	int64_t used = blob_io_used(&blob->log.io);

	data = max_u64(round_up(data, BLOCK) + BLOCK, data + data / EXCESS_SHARE);
	/* Without dead blocks nothing can be gained. */
	return used > 0 && (uint64_t)used > max_u64(data, blob->last.live_bytes + 2 * BLOCK);
}

static int by_place(const void *a, const void *b)
{
	const struct table_record *x = a, *y = b;

	return (x->off > y->off) - (x->off < y->off);
}

/* Keep the records in short runs, in place; returns their number, and `*bytes`. */
static size_t keep_short_runs(struct table_record *r, size_t n, uint64_t *bytes)
{
	size_t kept = 0;

	*bytes = 0;
	for (size_t first = 0, next; first < n; first = next) {
		uint64_t end = r[first].off;

		for (next = first; next < n && r[next].off == end; next++)
			end += round_up(r[next].frame_len, DISK_ALIGN);
		if (end - r[first].off >= SHORT_RUN)
			continue;
		*bytes += end - r[first].off;
		memmove(r + kept, r + first, (next - first) * sizeof(*r));
		kept += next - first;
	}
	return kept;
}

/* Copy a record to the log's end; drops the lock on the way. A reader of the old place
   retries. */
static int move_locked(struct alcm_blob *blob, const struct table_record *r,
	uint8_t *frame)
{
	const struct blob_io *store = &blob->log.io;
	struct slot *slot = table_find(&blob->table, r->chunk_no);
	uint64_t to = log_take(&blob->log, r->frame_len);
	int err;

	lock_drop(&blob->lock);
	err = blob_io_read(store, frame, r->frame_len, r->off)
		?: blob_io_write(store, frame, r->frame_len, to);
	lock_take(&blob->lock);
	if (err) {
		log_give_back(&blob->log, to, r->frame_len);
		return err;
	}
	table_move_record(slot, to);
	if (slot->refers)
		bases_follow(&blob->table, r->off, to);
	return 0;
}

/*
 * Move short runs to the log's end. Without space or memory all of it stays where it is.
 */
static int move_short_runs_locked(struct alcm_blob *blob)
{
	AUTO_FREE uint8_t *frame = mem_alloc(disk_record_bound(blob->chunk_bytes));
	AUTO_FREE struct table_record *records = NULL;
	uint64_t bytes;
	size_t n;
	int err = 0;

	if (!frame || table_records(&blob->table, NULL, &records, &n))
		return 0;
	qsort(records, n, sizeof(*records), by_place);
	n = keep_short_runs(records, n, &bytes);
	if (n < 2 || log_reserve(&blob->log, bytes))
		return 0;
	cache_await_loaders_locked(blob);
	for (size_t i = 0; i < n && !err; i++) {
		if (!bases_has(&blob->table, records[i].off)) /* it is known by its place */
			err = move_locked(blob, &records[i], frame);
	}
	/* Records that could not be moved are still valid in their old places. */
	blob->changes.dirty = true;
	err = seal_write_index_locked(blob);
	(void)log_trim(&blob->log);
	if (err == -EIO)
		blob->changes.failed = err;
	return err ? err : punch_all_locked(blob);
}

/* Cut off bytes that a crash left behind the last commit, which was synced before. */
static int cut_tail_locked(struct alcm_blob *blob)
{
	const struct blob_io *s = &blob->log.io;
	uint64_t end = blob->last.trailer_off + DISK_TRAILER_BYTES;
	int err;

	if (blob->log.end <= round_up(end, DISK_ALIGN))
		return 0;
	err = s->ops->truncate(s->ctx, end);
	if (!err)
		log_cut(&blob->log, end);
	return err;
}

/* Each step is taken only if the ones before didn't free enough. */
static int reclaim_at_close_locked(struct alcm_blob *blob, bool *changed)
{
	int err;

	if (blob->changes.dirty || !blob->last.no || blob->log.cant_punch ||
		!takes_too_much(blob))
		return 0;
	*changed = true;
	err = punch_unseen_locked(blob, 1);
	if (err || !takes_too_much(blob))
		return err;
	err = punch_all_locked(blob) ?: cut_tail_locked(blob);
	if (!err && takes_too_much(blob))
		err = move_short_runs_locked(blob);
	return err;
}

int alcm_blob_reclaim(struct alcm_blob *blob, bool *changed, struct alcm_diag *diag)
{
	*changed = false;
	if (!blob->writable)
		return 0;
	WITH_LOCK(&blob->lock);
	blob_enter_locked(blob);

	int err = blob->changes.failed ? blob->changes.failed
								   : reclaim_at_close_locked(blob, changed);

	if (err)
		diag_set(diag, err, 0, "releasing dead space: %s", strerror(-err));
	blob_leave_locked(blob);
	return err;
}
