/* SPDX-License-Identifier: MIT */
/* Buffers of chunks: loading, changing and dropping them. Their states are drawn in
   state.h. */
#ifndef ALCM_BLOB_CACHE_H
#define ALCM_BLOB_CACHE_H

#include "blob/state.h"

/*
 * Make the buffer of a chunk DIRTY. It holds the record's bytes unless `whole` says that
 * all of them get overwritten. Drops the lock on the way. `*spare` is a buffer of the
 * budget; it is used if needed, and is NULL then. -EIO, -ENOMEM, or the store is full.
 * -EAGAIN: it needs a spare; get one without the lock and call again.
 */
int cache_dirty_locked(struct alcm_blob *blob, uint32_t chunk_no, bool whole,
	uint8_t **spare, struct cbuf **out, struct alcm_diag *diag);

/* Forget buffer and record of a slot; the buffer isn't LOADING, QUEUED or ENCODING. */
void cache_drop_locked(struct alcm_blob *blob, struct slot *slot);

/* Free a buffer that is CLEAN or DIRTY. */
void cache_free_locked(struct alcm_blob *blob, struct slot *slot);

/* The most bytes that a dirty buffer may append. */
uint64_t cache_owes(const struct alcm_blob *blob);

/* Forget all chunks from number `first` on; none of them is LOADING, QUEUED or
   ENCODING. */
void cache_drop_from_locked(struct alcm_blob *blob, uint64_t first);

/* Make a LOADING buffer, with `data` of the budget, for a chunk that has none. NULL: no
   memory. */
struct cbuf *cache_install_locked(struct alcm_blob *blob, uint32_t chunk_no,
	uint8_t *data);

/* Take a slot's buffer away, whatever its state. */
void cache_uninstall_locked(struct alcm_blob *blob, struct slot *slot);

/*
 * Fill a LOADING buffer from the record that the slot had (off 0: with zeros); drops the
 * lock while it does. On an error the buffer is gone.
 */
int cache_load_locked(struct alcm_blob *blob, struct cbuf *buf, uint64_t off,
	uint32_t frame_len, struct alcm_diag *diag);

/* Note that the buffer was just used. */
void cache_touch_locked(struct alcm_blob *blob, struct cbuf *buf);

/* The most CLEAN buffers that a blob keeps for readers of small pieces. */
enum { CACHE_MAX_CLEAN = 64 };

/* Free CLEAN buffers, the longest unused first, until `keep` are left. */
void cache_free_clean_locked(struct alcm_blob *blob, unsigned keep);

/* Wait until no buffer belongs to a loader or a worker. The caller holds `exclusive`, so
   writers start no new ones. */
void cache_await_loaders_locked(struct alcm_blob *blob);

#endif
