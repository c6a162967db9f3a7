/* SPDX-License-Identifier: MIT */
/*
 * The state of one blob: its size, whether it may change, and the right to change it as a
 * whole. The states and their transitions are drawn in state.h.
 *
 * `exclusive` isn't a lock, as its holders drop the blob's lock while they read, encode
 * or write. It keeps writers and other holders away; readers go on. Giving it back
 * broadcasts `changed`, and each waiter looks again.
 */
#include <errno.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/lock.h"
#include "blob/blob.h"
#include "blob/state.h"

uint64_t alcm_blob_size(struct alcm_blob *blob)
{
	return blob->size;
}

bool alcm_blob_dirty(struct alcm_blob *blob)
{
	WITH_LOCK(&blob->lock);
	return blob->changes.dirty;
}

/* Nothing of the blob is in the store yet, and no worker is about to append. */
bool alcm_blob_unwritten(struct alcm_blob *blob)
{
	WITH_LOCK(&blob->lock);
	return !blob->changes.header_written && !blob->cache.n_busy;
}

/* chunk_bytes is a power of two, so its trailing zeros are its logarithm. */
uint64_t alcm_max_size(const struct alcm *alcm)
{
	return blob_max_size((unsigned)__builtin_ctz(alcm->params.chunk_bytes));
}

uint64_t alcm_blob_max_size(const struct alcm_blob *blob)
{
	return blob_max_size(blob->chunk_log2);
}

/* ---- changes ----------------------------------------------------------------------- */

/* A blob that lost a write stays as it is for good: its next commit could refer to
   missing bytes. */
int blob_changeable(const struct alcm_blob *blob)
{
	if (!blob->writable)
		return -EBADF;
	return blob->changes.failed ? blob->changes.failed : 0;
}

int blob_too_large(const struct alcm_blob *blob, struct alcm_diag *diag)
{
	return diag_set(diag, -EFBIG, 0,
		"with chunks of %u KiB a file has at most %llu bytes", blob->chunk_bytes >> 10,
		(unsigned long long)alcm_blob_max_size(blob));
}

/* The wall time of a save runs from the first change to the commit. */
void blob_mark_dirty_locked(struct alcm_blob *blob)
{
	blob->changes.dirty = true;
	if (!blob->changes.since_ns)
		blob->changes.since_ns = clock_wall_ns();
}

int blob_check_finished(const struct alcm_blob *blob, struct alcm_diag *diag)
{
	static const char cause[] =
		"it has no complete commit: its first save was not finished, or its end is "
		"lost; alcm check --repair FILE keeps the part that is there";

	return atomic_load(&blob->changes.unfinished) ? diag_set(diag, -EIO, 0, "%s", cause)
												  : 0;
}

/* The explicit wish to keep what a rebuild found: from now on it is the file. Returns
   whether that was needed. */
bool blob_salvage(struct alcm_blob *blob)
{
	return atomic_exchange(&blob->changes.unfinished, false);
}

void blob_enter_locked(struct alcm_blob *blob)
{
	while (blob->changes.exclusive)
		lock_wait(&blob->lock, &blob->changed);
	blob->changes.exclusive = true;
}

void blob_leave_locked(struct alcm_blob *blob)
{
	blob->changes.exclusive = false;
	pthread_cond_broadcast(&blob->changed);
}
