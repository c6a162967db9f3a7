/* SPDX-License-Identifier: MIT */
/* Parts of a chunk that are copies of what other records hold, among its spans. */
#ifndef ALCM_BLOB_COPIES_H
#define ALCM_BLOB_COPIES_H

#include "tensor/span.h"

enum {
	COPIES_MAX = 4,       /* in a chunk */
	COPY_LEAST = 4 << 10, /* bytes; a copy takes about 55 in the record */
};

/* Bytes [at, at + n) of a chunk that another record has, too. */
struct copy {
	uint32_t at, n;
	struct reference of; /* its hash is filled in by copies_cut() */
};

struct copies {
	const uint8_t *data; /* the chunk */
	uint64_t hash;       /* of all of it */
	unsigned n;
	struct copy items[COPIES_MAX]; /* by rising place; they don't overlap */
};

/*
 * Put copies in the place of what they cover of the n spans that tile the chunk, as far
 * as whole elements remain beside them and SPAN_MAX allows. The spans then point into
 * `copies`. Returns how many there are.
 */
unsigned copies_cut(struct copies *copies, struct span spans[SPAN_MAX], unsigned n);

#endif
