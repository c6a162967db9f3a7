/* SPDX-License-Identifier: MIT */
/* Giving dead space back. */
#ifndef ALCM_BLOB_RECLAIM_H
#define ALCM_BLOB_RECLAIM_H

struct alcm_blob;

/*
 * After a commit, with `exclusive` held: punch dead space if it is much, and pay for a
 * sync only if it is very much. A file that is being changed may take more than it would
 * uncompressed; alcm_blob_reclaim() handles its close.
 */
int reclaim_locked(struct alcm_blob *blob);

#endif
