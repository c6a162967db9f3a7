/* SPDX-License-Identifier: MIT */
/* Reading and writing one record; no lock is held. */
#ifndef ALCM_BLOB_RECORD_H
#define ALCM_BLOB_RECORD_H

#include "blob/copies.h"
#include "blob/state.h"

/* What reading or making a record needs besides the record itself. */
struct record_context {
	struct alcm_blob *blob;
	struct scratch *scratch; /* this thread's loan; only needed where data is coded */
	struct alcm_diag *diag;  /* NULL, or gets the cause of -EIO */
};

/* Read, check and decode a record into `out` (room: chunk_bytes). -EIO. `*raw_len` says
   how many bytes it had. */
int record_read(const struct record_context *with, const struct table_record *at,
	uint8_t *out, uint32_t *raw_len);

/* Read and check a record's head, metrics and planes, without its data. */
int record_read_metrics(const struct record_context *with, const struct table_record *at,
	struct metrics *m, struct codec_result *planes);

/* Read the lengths of a record's parts and planes, without its data. -EIO. */
int record_read_parts(const struct record_context *with, const struct table_record *at,
	struct codec_part parts[CODEC_MAX_PARTS], unsigned *n_parts);

/*
 * The bytes of a record that refers to no other. They stay in the scratch memory until
 * SCRATCH_BASES more were read, and aren't read again if they are there. -EIO, -ENOMEM.
 */
int record_read_base(const struct record_context *with, const struct table_record *at,
	const struct base_bytes **out);

/* The result of record_encode(); the frame is in the context's scratch->frame. */
struct record {
	uint32_t frame_len;
	unsigned n_bases; /* the records that it refers to */
	struct table_record bases[SPAN_MAX];
	uint32_t base_bytes[SPAN_MAX]; /* that it copies from each */
	struct metrics metrics;
	struct codec_result planes;
	bool verify_failed; /* decoding gave other bytes; the record is stored raw */
};

/* What is known of a chunk's bytes. */
struct record_about {
	const struct segment_cut *cut;       /* the tensors in it */
	const struct lossy_tensors *tensors; /* NULL: the values are as they were written */
	const struct distortion *distortion; /* of lossy values */
	struct copies *copies;               /* what other records hold, too; or NULL */
};

/* Encode and verify the `len` > 0 bytes of chunk `chunk_no`. -ENOMEM. */
int record_encode(const struct record_context *with, uint32_t chunk_no,
	const uint8_t *raw, uint32_t len, const struct record_about *about,
	struct record *out);

#endif
