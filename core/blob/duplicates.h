/* SPDX-License-Identifier: MIT */
/*
 * What a chunk has in common with records of the same blob: weights that a file holds
 * twice, tied or repeated tensors, at any distance and offset.
 *
 *     anchors of the chunk ──► where they were met ──► at least two at one distance
 *         ──► that record decoded and compared ──► a copy, as far as the bytes are equal
 *
 * A chunk whose record has no copies lends its own anchors to those that come later; only
 * such records may be referred to (bases.h).
 */
#ifndef ALCM_BLOB_DUPLICATES_H
#define ALCM_BLOB_DUPLICATES_H

#include "blob/anchors.h"
#include "blob/copies.h"
#include "blob/record.h"

struct duplicates {
	struct copies copies;
	unsigned n_anchors;
	struct anchor anchors[ANCHORS_MAX];
};

/* Look for them, by anchors at places that are `first` modulo `grain`. No lock is held.
   What can't be read has no duplicates. */
void duplicates_find(const struct record_context *with, const struct cbuf *buf,
	uint32_t grain, uint32_t first, struct duplicates *out);

/* The chunk has a record now that refers to no other: let later chunks find it. */
void duplicates_remember(struct alcm_blob *blob, uint32_t chunk_no,
	const struct duplicates *d);

#endif
