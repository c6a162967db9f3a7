/* SPDX-License-Identifier: MIT */
/* Buffers of chunks: loading, dirtying and dropping them. States: state.h. */
#ifndef ALCM_BLOB_CACHE_H
#define ALCM_BLOB_CACHE_H

#include "blob/state.h"

/*
 * The buffer of a chunk, DIRTY, with the record's bytes in it unless `whole` says that
 * all of them get overwritten. Drops the lock on the way. `*spare` is a buffer of the
 * budget's that it uses up if needed (then NULL). -EIO, -ENOMEM, or the store is full.
 * -EAGAIN: it needs a spare; get one without the lock and call again.
 */
int cache_dirty_locked(struct alcm_blob *blob, uint32_t chunk_no, bool whole,
	uint8_t **spare, struct cbuf **out, struct alcm_diag *diag);

/* Forget buffer and record of a slot; the buffer isn't LOADING, QUEUED or ENCODING. */
void cache_drop_locked(struct alcm_blob *blob, struct slot *slot);

/* Free a buffer that is CLEAN or DIRTY. */
void cache_free_locked(struct alcm_blob *blob, struct slot *slot);

/* Bytes that a dirty buffer may append. */
uint64_t cache_owes(const struct alcm_blob *blob);

/* Forget all chunks from number `first` on; none of them is LOADING, QUEUED or
   ENCODING. */
void cache_drop_from_locked(struct alcm_blob *blob, uint64_t first);

/* A LOADING buffer for a chunk that has none, with `data` of the budget's. NULL: no
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

/* The buffer is the one that was used last. */
void cache_touch_locked(struct alcm_blob *blob, struct cbuf *buf);

/* CLEAN buffers that a blob keeps for readers of small pieces. */
enum { CACHE_MAX_CLEAN = 64 };

/* Free CLEAN buffers, the longest unused first, until `keep` are left. */
void cache_free_clean_locked(struct alcm_blob *blob, unsigned keep);

/* Wait until no buffer belongs to a loader or a worker. `exclusive` keeps writers out. */
void cache_await_loaders_locked(struct alcm_blob *blob);

#endif
