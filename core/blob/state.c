/* SPDX-License-Identifier: MIT */
/* What a blob is and may: its size, its states, and the right to change it as a whole. */
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

bool alcm_blob_unwritten(struct alcm_blob *blob)
{
	WITH_LOCK(&blob->lock);
	return !blob->changes.header_written && !blob->cache.n_busy;
}

uint64_t alcm_max_size(const struct alcm *alcm)
{
	return blob_max_size((unsigned)__builtin_ctz(alcm->params.chunk_bytes));
}

uint64_t alcm_blob_max_size(const struct alcm_blob *blob)
{
	return blob_max_size(blob->chunk_log2);
}

/* ---- changes ----------------------------------------------------------------------- */

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

void blob_mark_dirty_locked(struct alcm_blob *blob)
{
	blob->changes.dirty = true;
	if (!blob->changes.since_ns)
		blob->changes.since_ns = clock_wall_ns();
}

int blob_check_finished(const struct alcm_blob *blob, struct alcm_diag *diag)
{
	static const char cause[] =
		"no commit of it is whole: its first save was never finished, or its end is "
		"lost; alcm check --repair FILE keeps the part that is there";

	return atomic_load(&blob->changes.unfinished) ? diag_set(diag, -EIO, 0, "%s", cause)
												  : 0;
}

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
