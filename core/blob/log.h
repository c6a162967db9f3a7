/* SPDX-License-Identifier: MIT */
/*
 * The append-only log of frames in the store's file: where the next frame goes, which
 * space is reserved for frames to come, and which space is dead. Guarded by the blob's
 * lock.
 */
#ifndef ALCM_BLOB_LOG_H
#define ALCM_BLOB_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "blob/blob_io.h"
#include "blob/table.h"

struct log {
	struct blob_io io;
	uint64_t end;          /* where the next frame goes; a multiple of 64 */
	uint64_t reserved_end; /* the store has given space up to here */
	uint64_t owed;         /* bytes that dirty buffers may still append */
	uint64_t live;         /* bytes of frames that the next commit will refer to */
	uint64_t dead_punched; /* dead bytes when space was last given back */
	bool cant_reserve, cant_punch;
};

/* Make sure that `more` bytes find space, besides what is owed already. On success they
   are owed too. -ENOSPC, -EDQUOT, -EFBIG, -EIO: nothing changed. */
int log_owe(struct log *log, uint64_t more);

/* Set space aside without owing it (fallocate of the application). Errors as
   log_owe(). */
int log_reserve(struct log *log, uint64_t more);

/* `n` bytes are no longer owed: appended, or dropped. */
void log_settle(struct log *log, uint64_t n);

/* Take space for a frame of `len` bytes; its offset. */
uint64_t log_take(struct log *log, uint64_t len);

/*
 * A frame could not be written at `off`. Its space is used again if it is the log's last
 * frame. Otherwise the log, once beyond a limit of file sizes, would never come back to
 * offsets where writes succeed.
 */
void log_give_back(struct log *log, uint64_t off, uint64_t len);

/* The store's file was cut to `size`, where a commit ends. */
void log_cut(struct log *log, uint64_t size);

/* Give back reserved space unless something is owed. */
int log_trim(struct log *log);

/* Dead bytes that punching would free. */
uint64_t log_dead(const struct log *log);

/*
 * Punch holes into everything that neither the table nor [keep, keep_end) refers to: from
 * the start, or only behind `from`, where nothing was punched yet. The caller guarantees
 * that what it keeps is on the disk, or that no commit ever referred to what goes.
 * -ENOMEM, or the store's error.
 */
int log_punch(struct log *log, const struct table *table, uint64_t keep,
	uint64_t keep_end);
int log_punch_behind(struct log *log, const struct table *table, uint64_t from,
	uint64_t keep, uint64_t keep_end);

/* Dead bytes behind `from` that log_punch_behind() would give back. */
uint64_t log_dead_behind(const struct log *log, const struct table *table, uint64_t from,
	uint64_t keep, uint64_t keep_end);

#endif
