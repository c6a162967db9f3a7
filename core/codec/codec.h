/* SPDX-License-Identifier: MIT */
/*
 * One chunk in, one record body out, and back. Pure computation: no I/O, no locks, no
 * clock.
 *
 * A body is: part table, then the planes' bytes in order (docs/format.md, "Record body").
 * It names the transform of each part and the coder of each plane, so decoding needs
 * nothing but the body and the chunk's length.
 */
#ifndef ALCM_CODEC_CODEC_H
#define ALCM_CODEC_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "alcm.h"
#include "coder/coder_table.h"
#include "tensor/span.h"

/* How one plane of one chunk was coded; metrics are sums of these. */
struct plane_use {
	uint8_t transform, plane, coder; /* ids as on disk */
	uint8_t value_bits;              /* bits of a value of this plane before coding */
	uint64_t n_values, raw_bytes, stored_bytes;
};

#define CODEC_MAX_PARTS SPAN_MAX
#define CODEC_MAX_PLANES 64  /* over all parts of one chunk */
#define CODEC_PART_PLANES 32 /* of one part */
#define CODEC_CODERS CODER_COUNT
#define CODEC_MAX_TABLE 1345 /* bytes of the largest part table */

struct codec_result {
	uint32_t body_len;
	unsigned n_planes;
	struct plane_use planes[CODEC_MAX_PLANES];
};

/* Scratch memory of one thread, for chunks of up to chunk_bytes. */
struct codec;
int codec_new(uint32_t chunk_bytes, struct codec **out); /* -ENOMEM */
void codec_free(struct codec *codec);                    /* NULL is fine */

/*
 * Let the network choose the search for matches instead of rules. That makes signals,
 * pictures and text smaller by some tenths of a percent, and takes several times as long
 * there (docs/performance.md).
 */
void codec_set_effort(struct codec *codec, bool high_effort);

/* The largest body that codec_encode() makes of n bytes: n plus a small constant. */
size_t codec_bound(uint32_t n);

/* How decoding gets at the bytes of other records. */
struct codec_references {
	void *ctx;
	/* The n bytes that `from` names, checked against its hash, to `out`. -EIO and a
	   cause, -ENOMEM. */
	int (*read)(void *ctx, const struct reference *from, uint32_t n, uint8_t *out,
		struct alcm_diag *diag);
};

/*
 * Everything that coding needs besides the bytes of the chunk; the same for encoding and
 * for decoding the result.
 */
struct codec_context {
	struct codec *codec;      /* used by this thread only */
	const struct span *spans; /* encoding: they tile the chunk */
	unsigned n_spans;
	struct alcm_diag *diag; /* decoding: gets the cause of -EIO; or NULL */
	/* Decoding: NULL where no other record may be read, as in a record that another one
	   refers to. */
	const struct codec_references *references;
};

/* Encode the n > 0 bytes at `raw` into `body` (room: codec_bound(n)). Lossless. -ENOMEM
   only. */
int codec_encode(const struct codec_context *with, const uint8_t *raw, uint32_t n,
	uint8_t *body, struct codec_result *out);

/* As codec_encode(), but without any transform or coder. It can't go wrong. */
void codec_encode_raw(const uint8_t *raw, uint32_t n, uint8_t *body,
	struct codec_result *out);

/*
 * Decode a body into exactly n bytes. The body is hostile: -EIO and a cause when it
 * doesn't describe exactly n bytes, names an unknown transform or coder ("needs a newer
 * alcm"), or is damaged. Writes nothing outside `raw[0, n)`; on failure its content is
 * undefined.
 */
int codec_decode(const struct codec_context *with, const uint8_t *body, uint32_t body_len,
	uint8_t *raw, uint32_t n);

/* The planes of a body, without decoding it. Errors as codec_decode(). */
int codec_planes(const uint8_t *body, uint32_t body_len, uint32_t n,
	struct codec_result *out, struct alcm_diag *diag);

/* How a part was coded: its share of the chunk's bytes, its stored length, and its
   planes. */
struct codec_part {
	uint32_t raw_len, stored_len;
	unsigned n_planes;
	struct plane_use planes[CODEC_PART_PLANES];
};

/* The parts of a body, in order, without decoding it. Errors as codec_decode(). */
int codec_parts(const uint8_t *body, uint32_t body_len, uint32_t n,
	struct codec_part parts[CODEC_MAX_PARTS], unsigned *n_parts, struct alcm_diag *diag);

/* The references of a body, in order, and how many bytes each stands for, without
   decoding it. Errors as codec_decode(). */
int codec_references(const uint8_t *body, uint32_t body_len, uint32_t n,
	struct reference references[CODEC_MAX_PARTS], uint32_t bytes[CODEC_MAX_PARTS],
	unsigned *n_references, struct alcm_diag *diag);

/* Names for reports; "?" for unknown ids. `buf` has room for 32 bytes. */
void codec_plane_name(uint8_t transform, uint8_t plane, char *buf);
const char *codec_coder_name(uint8_t coder);

/* The zlib -6 baseline: deflated size of n bytes, or a negative errno. */
long codec_baseline(const uint8_t *raw, uint32_t n);

#endif
