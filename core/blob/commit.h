/* SPDX-License-Identifier: MIT */
/* The right to change a blob as a whole: one holder at a time, writers wait, readers don't. */
#ifndef ALCM_BLOB_COMMIT_H
#define ALCM_BLOB_COMMIT_H

struct alcm_blob;

void commit_enter_locked(struct alcm_blob *blob);
void commit_leave_locked(struct alcm_blob *blob);

/* Wait until no buffer belongs to a loader or a worker. `exclusive` keeps writers out. */
void commit_await_loaders_locked(struct alcm_blob *blob);

/* Encode every dirty buffer; drops the lock on the way. -ENOSPC, -EDQUOT, -ENOMEM: some are dirty still; -EIO. */
int commit_encode_all_locked(struct alcm_blob *blob);

/* Append index and trailer of the state as it is now: it is committed then. `exclusive` is held, as below. */
int commit_write_index_locked(struct alcm_blob *blob);

/* Bring the last commit to the disk, unless it is there; drops the lock on the way. */
int commit_sync_locked(struct alcm_blob *blob);

#endif
