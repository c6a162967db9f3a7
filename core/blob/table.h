/* SPDX-License-Identifier: MIT */
/*
 * The chunk table: for each chunk of a blob where its newest record lies and which
 * buffer, if any, holds newer or decoded bytes. Three levels, so that a sparse file of
 * 2^50 bytes costs memory only where it has data. No locking of its own: the blob's lock
 * guards it.
 */
#ifndef ALCM_BLOB_TABLE_H
#define ALCM_BLOB_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cbuf;

struct slot {
	uint64_t off;       /* of the record; 0 = no record */
	uint32_t frame_len; /* of the record */
	bool quantised;     /* the record's values are those of the blob's lossy profile */
	/* every value of the chunk was written since it was quantised */
	bool rewritten;
	bool untyped;     /* no tensor in the chunk was known when the record was made */
	bool refers;      /* the record refers to others */
	struct cbuf *buf; /* NULL = none */
};

/* Where a record is. The copy stays usable when the blob's lock is dropped. */
struct table_record {
	uint64_t off;
	uint32_t frame_len, chunk_no;
};

/* A record that another one refers to (bases.h). */
struct table_base {
	struct table_record base;
	uint64_t user_off; /* of the record that refers to it */
	uint32_t user_chunk;
	uint32_t bytes; /* that it copies */
};

struct table_dir;

struct table {
	struct table_dir **dirs;
	uint32_t n_dirs;
	uint64_t n_records;      /* slots with a record */
	size_t bytes, max_bytes; /* of memory, and how much at most; 0: no limit */
	struct table_base *bases;
	size_t n_bases;
};

/* The slot of a chunk, or NULL where the table has never had one. */
struct slot *table_find(const struct table *t, uint32_t chunk_no);

/* The same, made if needed. NULL: no memory, or more than max_bytes. Slots never move. */
struct slot *table_make(struct table *t, uint32_t chunk_no);

/* Set or clear (off = 0) a slot's record; keeps n_records. */
void table_set_record(struct table *t, struct slot *s, uint64_t off, uint32_t frame_len);

/* The slot's record was copied to `off`; nothing else about it changes. */
void table_move_record(struct slot *s, uint64_t off);

/*
 * The first chunk at or after *chunk_no with a record or a buffer; its number goes to
 * *chunk_no. NULL: there is none.
 */
struct slot *table_next(const struct table *t, uint32_t *chunk_no);

/* The records of all slots that are `wanted` (NULL: of all), by rising chunk number. The
   array is the caller's, freed with mem_free(). -ENOMEM. */
int table_records(const struct table *t, bool (*wanted)(const struct slot *s),
	struct table_record **out, size_t *n);

void table_release(struct table *t);

#endif
