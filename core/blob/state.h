/* SPDX-License-Identifier: MIT */
/*
 * The memory of one blob.
 *
 *                  pwrite, truncate, zero                commit: dirty buffers queued
 *        CLEAN ───────────────────────────► DIRTY ─────────────────────────► COMMITTING
 *          ▲  open, create                    ▲ the store is full: try again later│
 *          │                                  └──────────────────────────────────┤
 *          └─────────────────────────────────────────────── index, trailer ──────┤
 *                                                                                ▼
 *        FAILED: the store lost a write (EIO). Refuses changes and commits for good; ◄┘
 *                reads serve records that verify, and buffers, never anything else.
 *
 * The states are derived: COMMITTING is `exclusive` held by a commit, DIRTY is `dirty`,
 * FAILED is `failed`. Whoever holds `exclusive` (commit, truncate, zero) keeps writers
 * out while it drops the lock to wait; readers go on.
 *
 * A chunk's buffer:
 *
 *        LOADING ──► CLEAN ──► DIRTY ──► QUEUED ──► ENCODING ──► freed: it has a record
 *     (no lock held   (cache)   ▲  └ full, commit or ┘  │ failed
 *      by the loader)           │     reclaim           │
 *                               └───────────────────────┘
 *
 * Bytes of a buffer in LOADING belong to the loader, in ENCODING they are read only; in
 * the other states they are guarded by the lock.
 */
#ifndef ALCM_BLOB_STATE_H
#define ALCM_BLOB_STATE_H

#include <assert.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/lock.h"
#include "blob/engine.h"
#include "blob/log.h"
#include "blob/lossy_section.h"
#include "blob/table.h"
#include "blob/totals.h"
#include "format/tensor_map.h"

enum cbuf_state { CBUF_LOADING, CBUF_CLEAN, CBUF_DIRTY, CBUF_QUEUED, CBUF_ENCODING };

struct cbuf {
	struct pool_job job;
	struct alcm_blob *blob;
	struct cbuf *prev, *next; /* the blob's buffers, least recently used first */
	uint8_t *data;            /* the blob's chunk_bytes long */
	uint32_t chunk_no;
	uint32_t len;    /* valid bytes; the chunk's bytes behind them are zero */
	uint32_t lo, hi; /* a run [lo, hi) written since it got dirty, for "full" */
	enum cbuf_state state;
	bool reencoding; /* the record that is there has the same bytes */
	bool untyped;    /* as it was encoded: see struct slot */
	/* as it was encoded: where the first tensor in the chunk begins */
	uint32_t first_value;
	bool quantised; /* the bytes are those of the lossy profile, and nobody wrote since */
	struct distortion distortion; /* what that changed */
};

/* Buffers of chunks. The head of the ring is no buffer. */
struct cache {
	struct cbuf ring;
	unsigned n_clean, n_dirty, n_busy; /* busy: QUEUED or ENCODING */
};

/* What happened since the last commit. */
struct changes {
	bool exclusive, dirty, header_written;
	/* sticky -EIO; that the store is full, until the next commit */
	int failed, full;
	bool verify_failed; /* said by the next commit */
	bool any_untyped;   /* some record may be, see struct slot */
	/* rebuilt without any commit: not all of the file, perhaps */
	_Atomic bool unfinished;
	uint64_t since_ns; /* wall clock of the first change; 0: there is none */
};

/* What the last pass of a lossy profile left. */
struct lossy_state {
	/* NULL: no grid is kept. Replaced only while no buffer is QUEUED or ENCODING; what it
	   points to never changes, so those who encode read it without the lock. */
	struct lossy *grid;
	/* What was quantised, under the same rule; of many tensors only while the pass
	   lasts. */
	struct lossy_tensors tensors;
	struct lossy_totals totals;
	/* a static text: why the file was left alone, if it was for its values */
	const char *why;
};

/* The last commit. */
struct last_commit {
	uint64_t no, trailer_off, synced_off, index_off;
	uint64_t size, live_bytes;
	uint32_t threads;
	bool synced;          /* it is on the disk */
	uint64_t unseen_from; /* frames behind this are its own; 0: punched already */
};

struct alcm_blob {
	struct alcm *alcm;
	struct budget_client client;
	bool writable; /* constant, as the next four */
	uint32_t chunk_bytes;
	uint8_t chunk_log2, profile;
	uint8_t uuid[16];
	double prune_share; /* for a first quantisation by the scheduler */
	double bound;       /* of the profile; 0 = it has none */

	/* Its locks are outside of `lock`: a worker that looks for tensors reads chunks
	   meanwhile. */
	struct tensor_map map;
	int ahead_fd; /* where the map reads instead of in the blob, if that was asked for */
	uint64_t ahead_size;

	struct lock lock;       /* guards everything below */
	pthread_cond_t changed; /* a buffer's state, or `exclusive` */
	_Atomic uint64_t size;  /* read without the lock by those who only show it */
	struct table table;
	struct log log;
	struct cache cache;
	struct changes changes;
	struct lossy_state lossy;
	struct totals totals;
	struct last_commit last;
	_Atomic uint64_t encoded_bytes; /* of chunks, since it was opened; relaxed */
};

/* The chunk that holds the byte at `off`, which is below blob_max_size(). */
static inline uint32_t chunk_of(const struct alcm_blob *blob, uint64_t off)
{
	assert(off < blob_max_size(blob->chunk_log2));
	return (uint32_t)(off >> blob->chunk_log2);
}

/* Where a chunk begins in the file. */
static inline uint64_t chunk_start(const struct alcm_blob *blob, uint64_t chunk_no)
{
	return chunk_no << blob->chunk_log2;
}

/* Something changed that the next commit is to make permanent. */
void blob_mark_dirty_locked(struct alcm_blob *blob);

/* 0; -EBADF: opened for reading; -EIO: the store lost a write. */
int blob_changeable(const struct alcm_blob *blob);

/* -EIO and a cause, if the blob was rebuilt without any commit: its first chunks aren't
   the file. */
int blob_check_finished(const struct alcm_blob *blob, struct alcm_diag *diag);

/* -EFBIG, and `diag` says how large a file may be. */
int blob_too_large(const struct alcm_blob *blob, struct alcm_diag *diag);

/* The right to change a blob as a whole: one holder at a time, writers wait, readers
   don't. */
void blob_enter_locked(struct alcm_blob *blob);
void blob_leave_locked(struct alcm_blob *blob);

#endif
