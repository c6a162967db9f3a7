/* SPDX-License-Identifier: MIT */
/*
 * The parts of a lossy profile's pass over a blob: which values may change
 * (quantise_plan.c), the grid of each tensor (quantise_fit.c), replacing its values
 * (quantise_chunk.c), and a container's checksums (quantise_sums.c). quantise.c is the
 * pass.
 */
#ifndef ALCM_BLOB_QUANTISE_H
#define ALCM_BLOB_QUANTISE_H

#include "blob/state.h"

/* Why the file keeps its values, as a static text; NULL when a lossy profile may change
   them. No lock is held. */
const char *quantise_refusal(struct alcm_blob *blob);

/* One pass; `exclusive` of the blob is held, its lock is not. */
struct pass {
	struct alcm_blob *blob;
	double prune_share;
	bool again;   /* some values are already on the grid */
	bool changed; /* readers see other values than before */
	struct alcm_diag *diag;
};

/* ---- one tensor -------------------------------------------------------------------- */

/* A tensor's shape as the blob's profile sees it, and with its channels apart if it has
   any. */
struct quantise_shapes {
	struct lossy_shape whole, channels;
};

/* False, and `why` (a static text): the profile leaves the tensor of these dimensions as
   it is. */
bool quantise_shapes_of(const struct alcm_blob *blob, const struct segment *tensor,
	const uint64_t *dims, struct quantise_shapes *out, const char **why);

/* The parts of a file that may change. */
struct quantise_plan {
	struct lossy_tensors tensors;
	struct quantise_shapes *shapes; /* of each */
	struct checksums sums;
	bool *used;      /* by checksum: whether it covers tensors that may change */
	bool keeps_grid; /* a file of one tensor, which may be written to later */
};

/* Returns NULL and a plan, to be released; or, as a static text, why the file stays as it
   is. No lock is held. */
const char *quantise_plan_make(struct alcm_blob *blob, struct quantise_plan *plan);
void quantise_plan_release(struct quantise_plan *plan);

/*
 * The grid of one tensor, by the blob's profile; `*out` is the caller's. -ENODATA: there
 * is none that would gain anything. -ENOMEM, or the error of a read.
 */
int quantise_fit(const struct pass *pass, const struct lossy_tensor *tensor,
	const struct quantise_shapes *shapes, struct lossy **out);

/* ---- chunks ------------------------------------------------------------------------ */

/* Replace the blob's tensors and grid by these; `lossy` goes into the index. Waits for
   its encoders. */
void quantise_set(struct alcm_blob *blob, const struct lossy_tensors *tensors,
	struct lossy *lossy);

/*
 * Move the values of one chunk onto the grids of the blob's lossy_tensors. Does nothing
 * if the chunk is a hole or was done before. `hold`: the buffer stays dirty, as more of
 * it will change. -ENOSPC, -EDQUOT, -ENOMEM, -EIO.
 */
int quantise_chunk(struct pass *pass, uint32_t chunk_no, bool hold);

/*
 * Set *chunk_no to the first chunk from there on that isn't a hole. False: there is none.
 */
bool quantise_next_chunk(struct alcm_blob *blob, uint64_t *chunk_no);

/* The n bytes at `off`, as readers see them. -EIO, or the store's error. */
int quantise_read(const struct pass *pass, uint64_t off, uint32_t n, uint8_t *out);

/* Whether the newest bytes of a chunk are the profile's. */
bool quantise_is_done_locked(const struct alcm_blob *blob, uint32_t chunk_no);

/* ---- checksums --------------------------------------------------------------------- */

/* Verify the checksums of bytes that may change. -ENODATA: one is wrong. Or the error of
   a read. */
int quantise_verify_sums(const struct pass *pass, const struct quantise_plan *plan);

/* Errors as quantise_chunk(). */
int quantise_update_sums(const struct pass *pass, struct quantise_plan *plan);

#endif
