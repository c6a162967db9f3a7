/* SPDX-License-Identifier: MIT */
/*
 * Bases: the records that other records of a blob copy bytes from.
 *
 * A base stays where it is, and its bytes stay readable, as long as a chunk's newest
 * record refers to it, whatever becomes of its own chunk: no hole is punched into it, it
 * isn't moved, and each commit's index names it. A base never refers to other records
 * itself, so reading a chunk takes at most one more record for each of its parts.
 *
 * Guarded by the blob's lock, as the table that they are part of.
 */
#ifndef ALCM_BLOB_BASES_H
#define ALCM_BLOB_BASES_H

#include "blob/table.h"

/* Note that the record of `chunk_no` at `off` copies `bytes` bytes of `base`, besides
   those that were noted before. -ENOMEM. */
int bases_add(struct table *t, uint32_t chunk_no, uint64_t off,
	const struct table_record *base, uint32_t bytes);

/* Set `refers` of the slots whose records refer to others, as it is after loading. */
void bases_mark(struct table *t);

/* Forget what is referred to only by records that aren't their chunk's newest any
   more. */
void bases_purge(struct table *t);

/* A record that isn't a base has moved, and with it what it refers to. */
void bases_follow(struct table *t, uint64_t from, uint64_t to);

/* Whether `record` is its chunk's newest and refers to no other: only such may become a
   base. */
bool bases_may_be(const struct table *t, const struct table_record *record);

/* Whether a record at `off` is a base. */
bool bases_has(const struct table *t, uint64_t off);

/*
 * The chunks that keep a base which is no chunk's newest record any more, although all of
 * its users together copy less than half of a chunk from it: their own records would take
 * less. Freed with mem_free(). -ENOMEM.
 */
int bases_wasteful(const struct table *t, uint32_t chunk_bytes, uint32_t **chunks,
	size_t *n);

/* Bytes of the bases at `from` or behind it that aren't their chunk's newest record. */
uint64_t bases_kept_bytes(const struct table *t, uint64_t from);

#endif
