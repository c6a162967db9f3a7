/* SPDX-License-Identifier: MIT */
/* How the tensor map of a blob reads the blob, and what encoders take from the map. */
#ifndef ALCM_BLOB_BLOB_MAP_H
#define ALCM_BLOB_BLOB_MAP_H

#include "blob/state.h"

void blob_map_init(struct alcm_blob *blob);

/*
 * The known tensors that touch this chunk, and guesses about the rest of it. The items
 * are freed with mem_free(). `*untyped`: the result of blob_map_untyped() before
 * guessing. No lock is held.
 */
void blob_map_cut(struct alcm_blob *blob, uint32_t chunk_no, const uint8_t *raw,
	uint32_t len, struct segment_cut *out, bool *untyped);

/* Whether more than an eighth of the chunk of `len` bytes at `off` is in no tensor of
   `cut`. */
bool blob_map_untyped(const struct segment_cut *cut, uint64_t off, uint32_t len);

#endif
