/* SPDX-License-Identifier: MIT */
/* The coders that a plane may name (docs/format.md, section 3.2): bytes in, bytes out.
   Each is a row of functions, defined in the coder's own file. */
#ifndef ALCM_CODER_CODER_TABLE_H
#define ALCM_CODER_CODER_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* X(id as on disk, NAME, row): the enum, the rows' declarations and the table follow. */
#define CODERS(X)            \
	X(0, RAW, raw)           \
	X(1, CONSTANT, constant) \
	X(2, DEFLATE, deflate)   \
	X(3, ZSTD, zstd)         \
	X(4, ANS, ans)           \
	X(5, ANS_WIDE, ans_wide) \
	X(6, BINS, bins)

#define CODER_ID(id, NAME, row) CODER_##NAME = id,
enum coder_id { CODERS(CODER_ID) };
#undef CODER_ID

#define CODER_ONE(id, NAME, row) +1
enum { CODER_COUNT = CODERS(CODER_ONE) }; /* ids are below it */
#undef CODER_ONE

/* An effort of CODER_ZSTD: code symbols by their frequency, without a search for matches.
   Fast. */
enum { CODER_SYMBOLS_ONLY = -1000 };

/* Memory of all coders in one thread; made once, used for every plane. */
struct coder_state {
	void *own[CODER_COUNT];     /* results of their state_new() */
	uint32_t row_len, row_skip; /* coder_set_rows() */
	const uint32_t *counts;     /* coder_set_counts() */
};

int coder_state_new(struct coder_state **out); /* -ENOMEM */
void coder_state_free(struct coder_state *state);

/* Planes encoded from now on have rows of row_len values; 0: they have none. */
void coder_set_rows(struct coder_state *state, uint32_t row_len, uint32_t row_skip);

/* Counts of the symbols in the plane that is encoded next, for coders that want them;
   NULL: they count themselves. */
void coder_set_counts(struct coder_state *state, const uint32_t counts[256]);

struct coder_ops {
	const char *name;
	/* it codes integers of a transform, not bytes; its functions are the codec's
	   (codec/bins.h) */
	bool codes;
	/* Make the coder's memory for a thread; NULL: no memory. A coder without these
	   functions needs none. */
	void *(*state_new)(void);
	void (*state_free)(void *own);
	/*
	 * Encode n > 0 bytes into at most `capacity` bytes at `effort` (the coder's own
	 * scale). Returns the length, or 0 when it doesn't fit or doesn't apply.
	 */
	size_t (*encode)(struct coder_state *state, int effort, const uint8_t *in, size_t n,
		uint8_t *out, size_t capacity);
	/* Decode into exactly n bytes. -EIO when the input doesn't give exactly that. */
	int (*decode)(struct coder_state *state, const uint8_t *in, size_t len, uint8_t *out,
		size_t n);
};

#define CODER_ROW(id, NAME, row) extern const struct coder_ops coder_##row;
CODERS(CODER_ROW)
#undef CODER_ROW

/* The row of an id as on disk, or NULL when this version doesn't know it. */
const struct coder_ops *coder_find(uint8_t id);

/* For reports; "?" for an unknown id. */
const char *coder_name(uint8_t id);

#endif
