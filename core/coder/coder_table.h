/* SPDX-License-Identifier: MIT */
/*
 * Coders: one plane of bytes to fewer bytes and back. One row of coder_table.c each; a record
 * names the coder by its id, which is for ever (docs/format.md, "Coders").
 */
#ifndef ALCM_CODER_CODER_TABLE_H
#define ALCM_CODER_CODER_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Ids as on disk. */
enum coder_id { CODER_RAW, CODER_CONSTANT, CODER_DEFLATE, CODER_ZSTD, CODER_COUNT };

/* zstd: byte frequencies only, next to no search for matches; several times faster. */
#define CODER_LEVEL_ENTROPY (-1000)

/* The libraries' contexts of one thread, made once and used for every plane. */
struct coder_state;
struct coder_state *coder_state_new(void); /* NULL: no memory */
void coder_state_free(struct coder_state *state);

struct coder {
	const char *name;
	/*
	 * Encode the n > 0 bytes at `in` into at most `room` bytes. Returns how many, or 0 when
	 * they don't fit (or the coder can't code them): the caller takes another coder.
	 */
	size_t (*encode)(struct coder_state *state, int level, const uint8_t *in, size_t n,
		uint8_t *out, size_t room);
	/* Decode exactly n bytes from exactly in_len hostile bytes; false when that can't be. */
	bool (*decode)(struct coder_state *state, const uint8_t *in, size_t in_len,
		uint8_t *out, size_t n);
};

/* The row of an id as read from disk; NULL when this version doesn't know it. */
const struct coder *coder_get(uint8_t id);

#endif
