/* SPDX-License-Identifier: MIT */
/*
 * A store in memory that logs each change, so that what a crash could have left can be
 * made again: every prefix of the log, a torn last write, or any subset of what was not
 * yet synced.
 */
#ifndef ALCM_TESTS_STORE_CRASH_H
#define ALCM_TESTS_STORE_CRASH_H

#include <stddef.h>
#include <stdint.h>

#include "blob/blob_io.h"
#include "store_mem.h"

enum crash_kind { CRASH_WRITE, CRASH_TRUNCATE, CRASH_PUNCH, CRASH_SYNC };

struct crash_op {
	enum crash_kind kind;
	uint64_t off, len; /* truncate: off is the new size */
	uint8_t *data;     /* of a write */
};

/* What became of one logged change. */
enum crash_fate {
	CRASH_WHOLE,
	CRASH_CUT, /* the first `how` bytes of a write; else lost */
	/* a subset of the write's 512-byte sectors, drawn from `how`; else lost */
	CRASH_SECTORS,
	CRASH_ZEROS, /* the write's length got to the disk, its bytes didn't; else lost */
	CRASH_LOST,
};

struct store_crash;

/* The log begins with a copy of `start` (NULL = an empty file). */
struct store_crash *store_crash_new(struct store_mem *start);
void store_crash_free(struct store_crash *c);
struct blob_io store_crash_store(struct store_crash *c);

/* The log so far; a worker may be adding to it. `data` is the store's. */
size_t store_crash_n_ops(struct store_crash *c);
struct crash_op store_crash_op(struct store_crash *c, size_t i);

/* Not thread-safe against calls of the store: */
/* Make `to` the content that the log begins with. */
void store_crash_rewind(const struct store_crash *c, struct store_mem *to);

/* Do to `to` what the i-th change does, in the way `fate` says. */
void store_crash_apply(const struct store_crash *c, size_t i, enum crash_fate fate,
	uint64_t how, struct store_mem *to);

#endif
