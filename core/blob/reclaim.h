/* SPDX-License-Identifier: MIT */
/* Giving dead space back. */
#ifndef ALCM_BLOB_RECLAIM_H
#define ALCM_BLOB_RECLAIM_H

struct alcm_blob;

/*
 * After a commit, `exclusive` held: punch what is dead if that is much, and costs a sync
 * only if it is very much. A file that is being changed may take more than it would
 * uncompressed; alcm_blob_reclaim() is for its close.
 */
int reclaim_locked(struct alcm_blob *blob);

#endif
