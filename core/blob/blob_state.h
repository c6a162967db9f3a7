/* SPDX-License-Identifier: MIT */
/*
 * The blob's memory, shared by the files of core/blob.
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
 * The states are derived: COMMITTING is `exclusive` held by a commit, DIRTY is `dirty`, FAILED is
 * `failed`. Whoever holds `exclusive` (commit, truncate, zero) keeps writers out while it
 * drops the lock to wait; readers go on.
 *
 * A chunk's buffer:
 *
 *        LOADING ──► CLEAN ──► DIRTY ──► QUEUED ──► ENCODING ──► freed, its record is appended
 *     (no lock held   (cache)   ▲  └ full, commit or ┘  │ failed
 *      by the loader)           │     reclaim           │
 *                               └───────────────────────┘
 *
 * Bytes of a buffer in LOADING belong to the loader, in ENCODING they are read only; in the
 * other states they are guarded by the lock.
 */
#ifndef ALCM_BLOB_BLOB_STATE_H
#define ALCM_BLOB_BLOB_STATE_H

#include <assert.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/lock.h"
#include "blob/blob.h"
#include "blob/disk.h"
#include "blob/engine.h"
#include "blob/log.h"
#include "blob/lossy_section.h"
#include "blob/table.h"
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
	bool recoding;        /* the record that is there has the same bytes */
	bool untyped;         /* as it was encoded: see struct slot */
	uint32_t first_value; /* as it was encoded: where the first tensor in the chunk begins */
	bool quantised; /* the bytes are those of the lossy profile, and nobody wrote since */
	struct distortion distortion; /* what that changed */
};

/* Figures over all live records; recomputed from the records when one was replaced. */
struct totals {
	struct metrics metrics;
	unsigned n_planes;
	struct plane_use planes[DISK_MAX_PLANES];
	bool stale;
	bool mended; /* the index that they are from had a flipped bit */
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

	/* Its locks are outside of `lock`: a worker that looks for tensors reads chunks meanwhile. */
	struct tensor_map map;
	int ahead_fd; /* where the map reads instead of in the blob, if that was asked for */
	uint64_t ahead_size;

	struct lock lock;       /* guards everything below */
	pthread_cond_t changed; /* a buffer's state, or `exclusive` */
	_Atomic uint64_t size;  /* read without the lock by those who only show it */
	struct table table;
	struct log log;
	struct cbuf bufs;                  /* ring; the head is no buffer */
	unsigned n_clean, n_dirty, n_busy; /* busy: QUEUED or ENCODING */
	bool exclusive, dirty, header_written;
	int failed, full;        /* sticky -EIO; that the store is full, until the next commit */
	bool verify_failed;      /* since the last commit; said by it */
	_Atomic bool unfinished; /* rebuilt without any commit: not all of the file, perhaps */
	bool any_untyped;        /* some record may be, see struct slot */

	/* NULL: nothing was quantised yet. Replaced only while no buffer is QUEUED or ENCODING;
	   what it points to never changes, so those who encode read it without the lock. */
	struct lossy *lossy;
	/* What the last pass quantised, under the same rule; of a container only while it lasts. */
	struct lossy_tensors lossy_tensors;
	struct lossy_totals lossy_totals;
	const char *lossy_why; /* a static text: why the last pass left the file alone, if it was for its values */

	struct totals totals;
	_Atomic uint64_t encoded_bytes; /* of chunks, since it was opened; relaxed */

	uint64_t dirty_since_ns; /* wall clock of the first change since the last commit */

	uint64_t commit_no, trailer_off, synced_off, index_off;
	uint64_t committed_size, committed_live;
	uint32_t committed_threads;
	uint64_t unseen_from; /* frames behind this are the last commit's own; 0: punched already */
	bool synced;          /* the last commit is on the disk */
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

/* ---- record.c: one record, from the store and to it; no lock is held ------------------- */

/*
 * Read, check and decode the record at `off` into `out` (room: chunk_bytes). -EIO and `diag`.
 * `*raw_len` says how many bytes it had.
 */
int record_read(struct alcm_blob *blob, struct scratch *scratch, uint64_t off, uint32_t frame_len,
	uint32_t chunk_no, uint8_t *out, uint32_t *raw_len, struct alcm_diag *diag);

/* Read and check a record's head, metrics and planes, without its data. */
int record_read_metrics(struct alcm_blob *blob, uint64_t off, uint32_t frame_len,
	uint32_t chunk_no, struct metrics *m, struct codec_result *planes, struct alcm_diag *diag);

/* Read the lengths of a record's parts and planes, without its data. -EIO. */
int record_read_parts(struct alcm_blob *blob, uint64_t off, uint32_t frame_len, uint32_t chunk_no,
	struct codec_part parts[CODEC_MAX_PARTS], unsigned *n_parts);

/* What record_encode() made in scratch->frame. */
struct record {
	uint32_t frame_len;
	struct metrics metrics;
	struct codec_result planes;
	bool verify_failed; /* the codec was wrong; the record is stored raw */
};

/* What is known of a chunk's bytes. */
struct record_about {
	const struct segment_cut *cut;       /* the tensors in it */
	const struct lossy_tensors *tensors; /* NULL: the values are as they were written */
	const struct distortion *distortion; /* of lossy values */
};

/* Encode and verify the `len` > 0 bytes of chunk `chunk_no`. -ENOMEM. */
int record_encode(struct alcm_blob *blob, struct scratch *scratch, uint32_t chunk_no,
	const uint8_t *raw, uint32_t len, const struct record_about *about, struct record *out);

/* ---- blob.c ------------------------------------------------------------------------------- */

/* Something changed that the next commit is to make permanent. */
void blob_mark_dirty_locked(struct alcm_blob *blob);

/* 0; -EBADF: opened for reading; -EIO: the store lost a write. */
int blob_changeable(const struct alcm_blob *blob);

/* -EIO and a cause, if the blob was rebuilt without any commit: its first chunks aren't the file. */
int blob_check_finished(const struct alcm_blob *blob, struct alcm_diag *diag);

/* -EFBIG, and `diag` says how large a file may be. */
int blob_too_large(const struct alcm_blob *blob, struct alcm_diag *diag);

/*
 * One chunk's part of a write; `data` NULL: zeros. The buffer of the budget's that it may need
 * (`*spare`) is got without the lock, so a writer that waits for memory keeps nobody else waiting.
 */
int blob_write_piece(struct alcm_blob *blob, uint32_t chunk_no, uint32_t from, uint32_t n,
	const uint8_t *data, uint8_t **spare, struct alcm_diag *diag);

/* ---- resize.c ----------------------------------------------------------------------------- */

/* Forget all chunks from number `first` on; none of them is LOADING, QUEUED or ENCODING. */
void blob_drop_from_locked(struct alcm_blob *blob, uint64_t first);

/* ---- blob_map.c: which tensors lie in a chunk ------------------------------------------------- */

void blob_map_init(struct alcm_blob *blob);

/*
 * The tensors that touch this chunk, as far as they are known by now, and what the rest of it looks like; freed
 * with mem_free(). `*untyped`: as blob_map_untyped(), before guessing. No lock is held.
 */
void blob_map_cut(struct alcm_blob *blob, uint32_t chunk_no, const uint8_t *raw, uint32_t len,
	struct segment_cut *out, bool *untyped);

/* Whether more than an eighth of the chunk of `len` bytes at `off` is in no tensor of `cut`. */
bool blob_map_untyped(const struct segment_cut *cut, uint64_t off, uint32_t len);

/* ---- chunk.c: buffers and the encoding of chunks ------------------------------------------ */

/*
 * The buffer of a chunk, DIRTY, with the record's bytes in it unless `whole` says that all of
 * them get overwritten. Drops the lock on the way. `*spare` is a buffer of the budget's that
 * it uses up if needed (then NULL). -EIO, -ENOMEM, or the store is full.
 * -EAGAIN: it needs a spare; get one without the lock and call again.
 */
int chunk_dirty_locked(struct alcm_blob *blob, uint32_t chunk_no, bool whole, uint8_t **spare,
	struct cbuf **out, struct alcm_diag *diag);

/* Write the blob's header unless it is there. */
int chunk_write_header_locked(struct alcm_blob *blob);

/* What is known of a chunk before it is encoded, as record_about's; the cut's items are freed with mem_free(). */
struct chunk_knowledge {
	struct segment_cut cut;
	const struct lossy_tensors *tensors;
};

/* Find that out; sets the buffer's `untyped` and `first_value`. Reads chunks, so no lock and no scratch is held. */
void chunk_learn(struct cbuf *buf, struct chunk_knowledge *out);

/* Encode a buffer, which nobody changes meanwhile, into scratch->frame. No lock is held. -ENOMEM. */
int chunk_make_record(const struct cbuf *buf, const struct chunk_knowledge *known,
	struct scratch *scratch, struct record *out);

/* Queue a DIRTY buffer for the workers. */
void chunk_queue_locked(struct cbuf *buf);

/* Encode a DIRTY buffer on this thread; drops the lock on the way. */
void chunk_encode_now_locked(struct cbuf *buf);

/* Queue every DIRTY buffer. */
void chunk_queue_all_locked(struct alcm_blob *blob);

/* Read part of one chunk, [from, from+n) of it; bytes that were never written are zero. */
int chunk_read(struct alcm_blob *blob, uint32_t chunk_no, uint32_t from, uint32_t n, uint8_t *out,
	struct alcm_diag *diag);

/* Forget buffer and record of a slot; the buffer isn't LOADING, QUEUED or ENCODING. */
void chunk_drop_locked(struct alcm_blob *blob, struct slot *slot);

/* Free a buffer that is CLEAN or DIRTY. */
void chunk_free_locked(struct alcm_blob *blob, struct slot *slot);

/* Bytes that a dirty buffer may append. */
uint64_t chunk_owes(const struct alcm_blob *blob);

/* The budget's request to give buffers back. */
void chunk_reclaim(struct budget_client *client);

/* ---- index.c ------------------------------------------------------------------------------ */

/*
 * Index and trailer of the present state as one run of bytes to be written at blob->log.end.
 * The buffer is the caller's. -ENOMEM.
 */
int index_build_locked(struct alcm_blob *blob, uint8_t **out, size_t *len,
	struct disk_trailer *trailer);

/* What the lossy section of the index that `t` names says, into the blob; nothing when there is none. Errors as
   index_load(). */
int index_load_lossy(struct alcm_blob *blob, const struct disk_trailer *t);

/*
 * Load and check the index that `t` names into `table` and `totals`. `may_mend`: a flipped bit in it is
 * looked for, which takes long. -EBADMSG: it is damaged; others, such as -EIO and -ENOMEM (there is none, or
 * not for a table of this size, see store.h), say that it could not be looked at, and nothing may be concluded.
 */
int index_load(const struct store *store, const struct disk_trailer *t, bool may_mend,
	struct table *table, struct totals *totals, struct alcm_diag *diag);

/* Add a record's figures to the totals. */
void totals_add(struct totals *totals, const struct metrics *m, const struct codec_result *planes);

/* ---- quantise.c ----------------------------------------------------------------------------- */

/* Why the file keeps the values that were written; NULL when it is for a lossy profile to change them. No lock is held. */
const char *quantise_refusal(struct alcm_blob *blob);

/* Whether everything from byte `first` of this buffer's chunk on was written since it got dirty. */
static inline bool cbuf_is_rewritten(const struct cbuf *buf, uint32_t first)
{
	return buf->lo <= first && buf->hi >= buf->len;
}

/* ---- recode.c ------------------------------------------------------------------------------- */

/*
 * Encode again what was encoded without knowing its type, where that is known by now and saves more than a
 * fiftieth of the file. Nothing is lost if it fails. `exclusive` is held and no buffer is dirty; drops the lock on the way.
 */
void recode_locked(struct alcm_blob *blob);

/* ---- recover.c ------------------------------------------------------------------------------ */

struct recovered {
	struct disk_header header;
	bool header_bad; /* mended, or rebuilt from a trailer */
	bool tail_bad;   /* a flipped bit in the newest trailer or its index was mended */
	bool has_trailer;
	bool has_index;      /* in a scan: a commit was there, whole or not */
	bool scanned;        /* the trailer didn't end the file */
	bool rolled_back;    /* to an older commit, after a power failure */
	bool commit_damaged; /* there was a newer commit, and no crash left it as it is */
	struct disk_trailer trailer;
	struct table table; /* the caller releases it */
	struct totals totals;
	uint64_t size; /* logical */
	uint64_t file_size;
};

/*
 * Find the state of a blob (docs/format.md, section 4). -EMEDIUMTYPE: not a blob. -EIO: corrupt
 * or newer, see `diag`. On failure nothing needs releasing.
 */
int recover_state(const struct store *store, struct recovered *out, struct alcm_diag *diag);

/* The lines of the log about a state that isn't the newest. */
void recover_say(struct alcm *alcm, const struct store *store, const struct recovered *rec);

/* Only what alcm_probe() needs: the header and the trailer that counts. */
int recover_probe(const struct store *store, struct alcm_probe *out, struct alcm_diag *diag);

/* This machine's boot id; zero when it can't be known. */
void recover_boot_id(uint8_t id[16]);

#endif
