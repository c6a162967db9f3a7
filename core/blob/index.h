/* SPDX-License-Identifier: MIT */
/* A commit's index and trailer: built from the chunk table, and loaded into one. */
#ifndef ALCM_BLOB_INDEX_H
#define ALCM_BLOB_INDEX_H

#include "blob/state.h"

/*
 * Index and trailer of the present state as one run of bytes to be written at
 * blob->log.end. The buffer is the caller's. -ENOMEM.
 */
int index_build_locked(struct alcm_blob *blob, uint8_t **out, size_t *len,
	struct disk_trailer *trailer);

/* Load the lossy section of the index that `t` names into the blob; nothing happens when
   there is none. Errors as index_load(). */
int index_load_lossy(struct alcm_blob *blob, const struct disk_trailer *t);

/*
 * Load and check the index that `t` names into `table` and `totals`. `may_repair`: look
 * for a flipped bit, which takes long. -EBADMSG: the index is damaged. Other errors such
 * as -EIO and -ENOMEM (also: the table would exceed blob_io_table_bytes()) mean that the
 * index could not be examined, and nothing may be concluded from them.
 */
int index_load(const struct blob_io *store, const struct disk_trailer *t, bool may_repair,
	struct table *table, struct totals *totals, struct alcm_diag *diag);

#endif
