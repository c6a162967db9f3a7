/* SPDX-License-Identifier: MIT */
/* The last steps of a commit; `exclusive` is held. */
#ifndef ALCM_BLOB_SEAL_H
#define ALCM_BLOB_SEAL_H

struct alcm_blob;

/* Append index and trailer of the state as it is now: it is committed then. */
int seal_write_index_locked(struct alcm_blob *blob);

/* Bring the last commit to the disk, unless it is there; drops the lock on the way. */
int seal_sync_locked(struct alcm_blob *blob);

#endif
