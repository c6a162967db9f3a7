/* SPDX-License-Identifier: MIT */
/* The coders that a plane may name (docs/format.md, section 3.2): bytes in, bytes out. */
#ifndef ALCM_CODER_CODER_TABLE_H
#define ALCM_CODER_CODER_TABLE_H

#include <stddef.h>
#include <stdint.h>

enum coder_id {
	CODER_RAW = 0,
	CODER_CONSTANT = 1,
	CODER_DEFLATE = 2,
	CODER_ZSTD = 3,
	CODER_ANS = 4,
	CODER_ANS_WIDE = 5,
	CODER_BINS = 6, /* codes of transform `grid`, not bytes (codec/bins.h) */
};

/* An effort of CODER_ZSTD: code symbols by their frequency, look for no matches. Fast. */
enum { CODER_SYMBOLS_ONLY = -1000 };

/* Contexts of the libraries, of one thread; made once, used for every plane. */
struct coder_state;

int coder_state_new(struct coder_state **out); /* -ENOMEM */
void coder_state_free(struct coder_state *state);

/* From now on the planes that are encoded are rows of row_len values; 0: they have none. */
void coder_set_rows(struct coder_state *state, uint32_t row_len, uint32_t row_skip);

/* How often the plane that is encoded next has each symbol, for coders that ask; NULL: they count. */
void coder_set_counts(struct coder_state *state, const uint32_t counts[256]);

struct coder {
	const char *name;
	/*
	 * Encode n > 0 bytes into at most `room` bytes at `effort` (the coder's own scale).
	 * Returns the length, or 0 when it doesn't fit or doesn't apply.
	 */
	size_t (*encode)(struct coder_state *state, int effort, const uint8_t *in, size_t n,
		uint8_t *out, size_t room);
	/* Decode into exactly n bytes. -EIO when the input does not give just that. */
	int (*decode)(struct coder_state *state, const uint8_t *in, size_t len, uint8_t *out,
		size_t n);
};

/* The row of an id as on disk, or NULL when it is no coder of bytes that this version knows. */
const struct coder *coder_find(uint8_t id);

/* For reports; "?" for an unknown id. */
const char *coder_name(uint8_t id);

#endif
