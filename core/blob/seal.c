/* SPDX-License-Identifier: MIT */
/* The last steps of a commit: index and trailer appended, and brought to the disk. */
#include "blob/seal.h"

#include <errno.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/lock.h"
#include "blob/encode.h"
#include "blob/index.h"

/* The in-memory state of the last commit changes only after the write succeeded. The wall
   time is put back on failure, as the next try adds it again. */
int seal_write_index_locked(struct alcm_blob *blob)
{
	uint64_t now = clock_wall_ns(), wall = blob->totals.metrics.wall_ns;
	AUTO_FREE uint8_t *buf = NULL;
	struct disk_trailer t;
	size_t len;

	if (blob->changes.since_ns)
		blob->totals.metrics.wall_ns += now - blob->changes.since_ns;

	int err = encode_header_locked(blob)
		?: index_build_locked(blob, &buf, &len, &t)
		?: blob_io_write(&blob->log.io, buf, len, blob->log.end);

	if (err) {
		blob->totals.metrics.wall_ns = wall;
		return err;
	}
	(void)log_take(&blob->log, len);
	blob->last.unseen_from = blob->last.trailer_off
		? blob->last.trailer_off + DISK_TRAILER_BYTES
		: DISK_HEADER_BYTES;
	blob->changes.dirty = false;
	blob->changes.since_ns = 0;
	blob->last.synced = false;
	blob->last.no = t.commit_no;
	blob->last.trailer_off = t.off;
	blob->last.index_off = t.index_off;
	blob->last.size = t.size;
	blob->last.live_bytes = t.live_bytes;
	blob->last.threads = t.threads;
	return 0;
}

/* `synced_off` goes into the next trailer: recovery need not look behind it. */
int seal_sync_locked(struct alcm_blob *blob)
{
	if (blob->last.synced)
		return 0;

	/* `exclusive` is held: nothing is written while the lock is dropped. */
	lock_drop(&blob->lock);

	int err = blob->log.io.ops->sync(blob->log.io.ctx);

	lock_take(&blob->lock);
	if (err) {
		/* The kernel drops pages that it failed to write, so a later sync that succeeds
		   proves nothing. */
		blob->changes.failed = -EIO;
		return err;
	}
	blob->last.synced = true;
	blob->last.synced_off = blob->last.trailer_off;
	return 0;
}
