/* SPDX-License-Identifier: MIT */
/* Writing, chunk by chunk. */
#ifndef ALCM_BLOB_WRITE_H
#define ALCM_BLOB_WRITE_H

#include "blob/state.h"

/*
 * Write one chunk's part; `data` NULL: zeros. It may need a buffer of the budget
 * (`*spare`). That is taken without the lock, so a writer that waits for memory blocks no
 * other.
 */
int blob_write_piece(struct alcm_blob *blob, uint32_t chunk_no, uint32_t from, uint32_t n,
	const uint8_t *data, uint8_t **spare, struct alcm_diag *diag);

#endif
