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
	bool reencoding; /* the present record has the same bytes */
	bool untyped;    /* see struct slot; set when it is encoded */
	/* where the first tensor in the chunk begins; set when it is encoded */
	uint32_t first_value;
	bool quantised; /* the bytes are the lossy profile's, with no write since */
	struct distortion distortion; /* the profile's error in these bytes */
};

/* Buffers of chunks. The head of the ring is no buffer. */
struct cache {
	struct cbuf ring;
	unsigned n_clean, n_dirty, n_busy; /* busy: QUEUED or ENCODING */
};

/* What happened since the last commit. */
struct changes {
	bool exclusive, dirty, header_written;
	/* failed: sticky -EIO; full: why the store took no more, until the next commit */
	int failed, full;
	bool verify_failed; /* the next commit logs it */
	bool any_untyped;   /* some record may be untyped, see struct slot */
	/* rebuilt without any commit: perhaps only a part of the file */
	_Atomic bool unfinished;
	uint64_t since_ns; /* wall clock of the first change; 0: there is none */
};

/* The result of the last pass of a lossy profile. */
struct lossy_state {
	/* NULL: no grid is kept. It is replaced only while no buffer is QUEUED or ENCODING,
	   and what it points to never changes, so encoders read it without the lock. */
	struct lossy *grid;
	/* The quantised tensors, under the same rule. With many tensors the list is kept only
	   while the pass lasts. */
	struct lossy_tensors tensors;
	struct lossy_totals totals;
	/* a static text: why the values were left alone; NULL: they weren't */
	const char *why;
};

/* Where the last commit lies in the store's file, and what it says. */
struct last_commit {
	uint64_t no, trailer_off, synced_off, index_off;
	uint64_t size, live_bytes;
	uint32_t threads;
	bool synced; /* it is on the disk */
	/* frames behind this belong to it alone; 0: they were punched already */
	uint64_t unseen_from;
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

	/* Its lock comes before `lock` in the order: a worker that looks for tensors reads
	   chunks while it holds the map. */
	struct tensor_map map;
	/* a plain file that the map reads instead of the blob; see alcm_blob_look_ahead() */
	int ahead_fd;
	uint64_t ahead_size;

	struct lock lock;       /* guards everything below */
	pthread_cond_t changed; /* a buffer's state, or `exclusive` */
	/* guarded for writing; reads that only show it need no lock */
	_Atomic uint64_t size;
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

/* Note that something changed; the next commit makes it permanent. */
void blob_mark_dirty_locked(struct alcm_blob *blob);

/* 0; -EBADF: opened for reading; -EIO: the store lost a write. */
int blob_changeable(const struct alcm_blob *blob);

/* -EIO and a cause if the blob was rebuilt without any commit: its first chunks may not
   be all of the file. */
int blob_check_finished(const struct alcm_blob *blob, struct alcm_diag *diag);

/* -EFBIG, and `diag` says how large a file may be. */
int blob_too_large(const struct alcm_blob *blob, struct alcm_diag *diag);

/* Take and return the right to change a blob as a whole. It has one holder at a time.
   Writers wait for it; readers don't. */
void blob_enter_locked(struct alcm_blob *blob);
void blob_leave_locked(struct alcm_blob *blob);

#endif
