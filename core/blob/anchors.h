/* SPDX-License-Identifier: MIT */
/*
 * Anchors: places in chunks that were encoded lately, by a hash of the bytes that are
 * there. A chunk that has the same bytes at another place has the same anchors there, so
 * a few look-ups find what is stored already, at any distance and offset.
 *
 * A place is an anchor when some bits of the four bytes there have one certain pattern:
 * the content decides, not the offset. The bits are from the mantissas of 32-bit and of
 * both 16-bit floats, so that every 4096th place or so is one. The whole of a chunk is
 * one more anchor.
 *
 * The table has a fixed size, and new anchors replace old ones. An entry is only a hint:
 * the caller compares the bytes.
 */
#ifndef ALCM_BLOB_ANCHORS_H
#define ALCM_BLOB_ANCHORS_H

#include <stddef.h>
#include <stdint.h>

enum {
	ANCHORS_MAX = 64,  /* of one chunk */
	ANCHOR_BYTES = 32, /* that its hash is over */
};

/* `pos` in the chunk; UINT32_MAX: all of it. */
struct anchor {
	uint64_t hash;
	uint32_t pos;
};

enum { ANCHOR_WHOLE = UINT32_MAX };

/* Where an anchor was met before. */
struct anchor_place {
	uint32_t file, chunk_no, pos;
};

struct anchors;

/* A table of at most `bytes`; takes its memory as it fills. -ENOMEM. */
int anchors_new(size_t bytes, struct anchors **out);
void anchors_free(struct anchors *anchors); /* NULL is fine */

/*
 * The anchors of a chunk at every place that is `first` modulo `grain`, which is 1, 2 or
 * 4. The first anchor is the whole of it, by `whole_hash`. Returns how many.
 */
unsigned anchors_find(const uint8_t *data, uint32_t len, uint64_t whole_hash,
	uint32_t grain, uint32_t first, struct anchor out[ANCHORS_MAX]);

/* Remember that chunk `chunk_no` of a file has these anchors. */
void anchors_put(struct anchors *anchors, uint32_t file, uint32_t chunk_no,
	const struct anchor *list, unsigned n);

/*
 * Where the anchors were met in `file`, each in places[i]; chunk_no is UINT32_MAX where
 * nowhere. Returns how many were met.
 */
unsigned anchors_look_up(struct anchors *anchors, uint32_t file,
	const struct anchor *list, unsigned n, struct anchor_place *places);

#endif
