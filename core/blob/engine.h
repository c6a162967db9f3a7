/* SPDX-License-Identifier: MIT */
/* What all blobs of one engine share: parameters, workers, budget, scratch memory. */
#ifndef ALCM_BLOB_ENGINE_H
#define ALCM_BLOB_ENGINE_H

#include <pthread.h>
#include <stdatomic.h>

#include "alcm.h"
#include "base/lock.h"
#include "blob/blob_io.h"
#include "codec/codec.h"
#include "sched/budget.h"
#include "sched/pool.h"

/* The bytes of a record that others refer to. */
struct base_bytes {
	uint8_t *raw; /* chunk_bytes */
	uint64_t off; /* of the record; 0: it holds none */
	uint32_t len;
};

/* A chunk that was moved as a whole lies in two of the old ones. */
enum { SCRATCH_BASES = 2 };

/* Memory that one encode, decode or check needs; held for its duration only. */
struct scratch {
	struct scratch *next;
	struct codec *codec;
	uint32_t chunk_bytes; /* the largest chunk that fits */
	uint8_t *frame;       /* a record as it lies in the file; frame_bytes long */
	size_t frame_bytes;
	uint8_t *raw; /* chunk_bytes */
	/* Where the frame of a base is read to, and the bases decoded last; allocated when
	   they are first needed. */
	uint8_t *base_frame;
	struct base_bytes bases[SCRATCH_BASES];
	unsigned next_base; /* which of them the next one replaces */
};

/* Counters of struct alcm_work. Each is independent of the others, so accesses are
   relaxed. */
enum work {
	WORK_N_ENCODED,
	WORK_ENCODED_BYTES,
	WORK_ENCODED_STORED_BYTES,
	WORK_ENCODE_CPU_NS,
	WORK_N_DECODED,
	WORK_DECODED_BYTES,
	WORK_DECODE_CPU_NS,
	WORK_N_VERIFY_FAILED,
	WORK_N_CORRUPT,
	WORK_COUNT,
};

struct alcm {
	struct alcm_params params;
	struct pool *pool;
	struct budget *budget;
	_Atomic uint64_t work[WORK_COUNT];
	struct anchors *anchors; /* what was encoded lately; or NULL */
	struct lock lock;        /* guards what follows; a leaf */
	pthread_cond_t returned;
	struct scratch *scratch; /* free ones */
	unsigned n_out, max_out;
};

/*
 * Borrow scratch memory for chunks of chunk_bytes; waits while max_out loans are out. A
 * loan has a level in the lock order: a thread that holds one must not wait for budget or
 * for another loan. Reading chunks takes a loan, so everything that must be known about a
 * file is found out before. NULL: no memory.
 */
struct scratch *engine_scratch_get(struct alcm *alcm, uint32_t chunk_bytes);
void engine_scratch_put(struct alcm *alcm, struct scratch *s);

/* Memory for one more base: of the one that was decoded longest ago. NULL: there is
   none. */
struct base_bytes *engine_scratch_base(struct scratch *s);

void engine_count(struct alcm *alcm, enum work what, uint64_t n);

/* What the engine's predictor says of a tensor with these statistics: E, 0.2 … 0.9. */
double engine_entropy(const struct alcm *alcm, const struct alcm_stats *stats);

/* Log one line about a file, printf-style. The receiver of the log names the file. */
void engine_log(const struct alcm *alcm, const struct blob_io *file,
	enum alcm_log_level level, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

#endif
