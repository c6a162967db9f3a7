/* SPDX-License-Identifier: MIT */
/* One record, from the store and to it; no lock is held. */
#ifndef ALCM_BLOB_RECORD_H
#define ALCM_BLOB_RECORD_H

#include "blob/state.h"

/*
 * Read, check and decode the record at `off` into `out` (room: chunk_bytes). -EIO and `diag`.
 * `*raw_len` says how many bytes it had.
 */
int record_read(struct alcm_blob *blob, struct scratch *scratch, uint64_t off, uint32_t frame_len,
	uint32_t chunk_no, uint8_t *out, uint32_t *raw_len, struct alcm_diag *diag);

/* Read and check a record's head, metrics and planes, without its data. */
int record_read_metrics(struct alcm_blob *blob, uint64_t off, uint32_t frame_len,
	uint32_t chunk_no, struct metrics *m, struct codec_result *planes, struct alcm_diag *diag);

/* Read the lengths of a record's parts and planes, without its data. -EIO. */
int record_read_parts(struct alcm_blob *blob, uint64_t off, uint32_t frame_len, uint32_t chunk_no,
	struct codec_part parts[CODEC_MAX_PARTS], unsigned *n_parts);

/* What record_encode() made in scratch->frame. */
struct record {
	uint32_t frame_len;
	struct metrics metrics;
	struct codec_result planes;
	bool verify_failed; /* the codec was wrong; the record is stored raw */
};

/* What is known of a chunk's bytes. */
struct record_about {
	const struct segment_cut *cut;       /* the tensors in it */
	const struct lossy_tensors *tensors; /* NULL: the values are as they were written */
	const struct distortion *distortion; /* of lossy values */
};

/* Encode and verify the `len` > 0 bytes of chunk `chunk_no`. -ENOMEM. */
int record_encode(struct alcm_blob *blob, struct scratch *scratch, uint32_t chunk_no,
	const uint8_t *raw, uint32_t len, const struct record_about *about, struct record *out);

#endif
