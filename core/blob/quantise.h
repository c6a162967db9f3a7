/* SPDX-License-Identifier: MIT */
/*
 * The parts of a lossy profile's pass over a blob: what may change (quantise_plan.c),
 * which grid a tensor gets (quantise_fit.c), how its values are replaced
 * (quantise_chunk.c), and a container's checksums (quantise_sums.c). quantise.c is the
 * pass.
 */
#ifndef ALCM_BLOB_QUANTISE_H
#define ALCM_BLOB_QUANTISE_H

#include "blob/state.h"

/* Why the file keeps the values that were written; NULL when it is for a lossy profile to
   change them. No lock is held. */
const char *quantise_refusal(struct alcm_blob *blob);

/* One pass; `exclusive` of the blob is held, its lock is not. */
struct pass {
	struct alcm_blob *blob;
	double prune_share;
	bool again;   /* some values are on the grid already */
	bool changed; /* readers see other values than before */
	struct alcm_diag *diag;
};

/* ---- one tensor -------------------------------------------------------------------- */

/* A tensor's shape as the blob's profile takes it, and with its channels apart, if it has
   any. */
struct quantise_shapes {
	struct lossy_shape whole, channels;
};

/* False, and `why` (a static text): the profile leaves the tensor of these dimensions as
   it is. */
bool quantise_shapes_of(const struct alcm_blob *blob, const struct segment *tensor,
	const uint64_t *dims, struct quantise_shapes *out, const char **why);

/* What may change in a file. */
struct quantise_plan {
	struct lossy_tensors tensors;
	struct quantise_shapes *shapes; /* of each */
	struct checksums sums;
	bool *used;      /* by checksum: tensors lie in what it is of */
	bool keeps_grid; /* a file of one tensor, which may be written to later */
};

/* NULL, and a plan to be released; or why the file stays as it is, a static text. No lock
   is held. */
const char *quantise_plan_make(struct alcm_blob *blob, struct quantise_plan *plan);
void quantise_plan_release(struct quantise_plan *plan);

/*
 * The grid of one tensor, by the blob's profile; `*out` is the caller's. -ENODATA: there
 * is none that would gain anything. -ENOMEM, or the error of a read.
 */
int quantise_fit(const struct pass *pass, const struct lossy_tensor *tensor,
	const struct quantise_shapes *shapes, struct lossy **out);

/* ---- chunks ------------------------------------------------------------------------ */

/* Take these, and `lossy` for the index, in place of what the blob has; waits for its
   encoders. */
void quantise_set(struct alcm_blob *blob, const struct lossy_tensors *tensors,
	struct lossy *lossy);

/*
 * Give the values of the blob's lossy_tensors in a chunk their places on the grids;
 * nothing, if it is a hole or was done before. `hold`: its buffer stays dirty, as more is
 * to be changed. -ENOSPC, -EDQUOT, -ENOMEM, -EIO.
 */
int quantise_chunk(struct pass *pass, uint32_t chunk_no, bool hold);

/* Go from *chunk_no to the next chunk that isn't a hole, perhaps that one. False: there
   is none. */
bool quantise_next_chunk(struct alcm_blob *blob, uint64_t *chunk_no);

/* The n bytes at `off`, as readers see them. -EIO, or the store's error. */
int quantise_read(const struct pass *pass, uint64_t off, uint32_t n, uint8_t *out);

/* Whether the newest bytes of a chunk are the profile's. */
bool quantise_is_done_locked(const struct alcm_blob *blob, uint32_t chunk_no);

/* ---- checksums --------------------------------------------------------------------- */

/* -ENODATA: one that is of changing bytes is wrong. Or the error of a read. */
int quantise_verify_sums(const struct pass *pass, const struct quantise_plan *plan);

/* Errors as quantise_chunk(). */
int quantise_update_sums(const struct pass *pass, struct quantise_plan *plan);

#endif
