/* SPDX-License-Identifier: MIT */
/*
 * What all blobs of one engine share. It owns the worker pool, the budget of chunk
 * buffers and the scratch memory, and it counts work.
 *
 * Scratch memory is lent, never owned: at most one loan per thread, and at most `max_out`
 * at a time, so its total is bounded although it isn't part of the budget.
 *
 *   budget            buffers of chunks; the limit is the user's (-o budget)
 *   anchors           1/64 of the budget's size, on top of it
 *   scratch           threads + readers loans, each about two chunks and a codec's
 *                     state; five where records refer to others
 *   workers           encode; callers' threads decode, at most `readers` at once
 *
 * Loans may be larger than asked for, never smaller: one for chunks of 64 KiB doesn't
 * serve a blob of 1 MiB and is replaced. Between loans nothing in them counts, but
 * `off` of its bases must be cleared: it says which are decoded there.
 */
#include "blob/engine.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/lock.h"
#include "blob/anchors.h"
#include "blob/disk.h"
#include "predict/predict.h"

enum {
	MIN_BUDGET = 8 << 20,
	MAX_THREADS = 1024,
	ANCHORS_SHARE = 64, /* of the budget's size, on top of it */
	READERS = 8, /* most decodes on callers' threads at once, besides the workers */
};

void alcm_params_default(struct alcm_params *p)
{
	struct alcm_limits limits;

	alcm_limits_get(&limits);
	*p = (struct alcm_params){
		.budget_bytes = alcm_limits_budget(&limits),
		.chunk_bytes = 256 << 10,
		.verify = true,
	};
}

/* The CPUs of this process's affinity and cgroup, not of the machine. */
static unsigned allowed_cpus(void)
{
	struct alcm_limits limits;

	alcm_limits_get(&limits);
	return limits.n_cpus < MAX_THREADS ? limits.n_cpus : MAX_THREADS;
}

static bool params_valid(const struct alcm_params *p)
{
	return p->threads <= MAX_THREADS && p->budget_bytes >= MIN_BUDGET &&
		p->chunk_bytes >= 1u << DISK_CHUNK_LOG2_MIN &&
		p->chunk_bytes <= 1u << DISK_CHUNK_LOG2_MAX &&
		!(p->chunk_bytes & (p->chunk_bytes - 1));
}

/* Scratch memory isn't part of the budget, but should stay in proportion to it: a small
   budget means that the machine has little to spare. */
static unsigned max_readers(size_t budget_bytes)
{
	enum { BUDGET_OF_ONE = 4 << 20, LEAST = 2 };

	return (unsigned)max_u64(LEAST, min_u64(budget_bytes / BUDGET_OF_ONE, READERS));
}

int alcm_new(const struct alcm_params *params, struct alcm **out)
{
	if (!params_valid(params))
		return -EINVAL;

	struct alcm *alcm = mem_zalloc(1, sizeof(*alcm));

	if (!alcm)
		return -ENOMEM;
	alcm->params = *params;
	if (!alcm->params.threads)
		alcm->params.threads = allowed_cpus();
	alcm->max_out = alcm->params.threads + max_readers(params->budget_bytes);
	lock_init(&alcm->lock, LOCK_LEAF);
	cond_init(&alcm->returned);

	int err = budget_new(params->budget_bytes, params->chunk_bytes, &alcm->budget)
		?: anchors_new(params->budget_bytes / ANCHORS_SHARE, &alcm->anchors)
		?: pool_new(alcm->params.threads, &alcm->pool);

	if (err) {
		alcm_free(alcm);
		return err;
	}
	*out = alcm;
	return 0;
}

static void scratch_free(struct scratch *s)
{
	if (!s)
		return;
	codec_free(s->codec);
	mem_free(s->frame);
	mem_free(s->raw);
	mem_free(s->base_frame);
	for (unsigned i = 0; i < SCRATCH_BASES; i++)
		mem_free(s->bases[i].raw);
	mem_free(s);
}

/*
 * The list is taken under the lock and freed outside of it: freeing codecs takes a while.
 */
static void free_idle_scratch(struct alcm *alcm)
{
	struct scratch *s, *next;

	{
		WITH_LOCK(&alcm->lock);
		s = alcm->scratch;
		alcm->scratch = NULL;
	}
	for (; s; s = next) {
		next = s->next;
		scratch_free(s);
	}
}

void alcm_free(struct alcm *alcm)
{
	if (!alcm)
		return;
	pool_free(alcm->pool);
	budget_free(alcm->budget);
	anchors_free(alcm->anchors);
	free_idle_scratch(alcm);
	pthread_cond_destroy(&alcm->returned);
	lock_destroy(&alcm->lock);
	mem_free(alcm);
}

void alcm_trim(struct alcm *alcm)
{
	free_idle_scratch(alcm);
	budget_trim(alcm->budget);
}

/* One allocation for frame, decoded bytes and codec state; all of it is reused by later
   loans. */
static struct scratch *scratch_new(const struct alcm *alcm, uint32_t chunk_bytes)
{
	struct scratch *s = mem_zalloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->chunk_bytes = chunk_bytes;
	s->frame_bytes = disk_record_bound(chunk_bytes);
	s->frame = mem_alloc_aligned(s->frame_bytes);
	s->raw = mem_alloc_aligned(chunk_bytes);
	if (!s->frame || !s->raw || codec_new(chunk_bytes, &s->codec)) {
		scratch_free(s);
		return NULL;
	}
	codec_set_effort(s->codec, alcm->params.high_effort);
	return s;
}

struct base_bytes *engine_scratch_base(struct scratch *s)
{
	struct base_bytes *base = &s->bases[s->next_base];

	if (!s->base_frame)
		s->base_frame = mem_alloc_aligned(s->frame_bytes);
	if (!base->raw)
		base->raw = mem_alloc_aligned(s->chunk_bytes);
	if (!s->base_frame || !base->raw)
		return NULL;
	base->off = 0;
	s->next_base = (s->next_base + 1) % SCRATCH_BASES;
	return base;
}

struct scratch *engine_scratch_get(struct alcm *alcm, uint32_t chunk_bytes)
{
	struct scratch *s;

	/* All of it may be lent to threads that wait for more: one loan each, and no wait
	   with it. Then every loan comes back, and no thread waits for ever. */
	lock_check_order(LOCK_SCRATCH);
	{
		WITH_LOCK(&alcm->lock);
		while (alcm->n_out == alcm->max_out)
			lock_wait(&alcm->lock, &alcm->returned);
		alcm->n_out++;
		s = alcm->scratch;
		if (s)
			alcm->scratch = s->next;
	}
	lock_note_taken(LOCK_SCRATCH);
	/* Blobs have chunks of different sizes; too small a loan is replaced. */
	if (s && s->chunk_bytes < chunk_bytes) {
		scratch_free(s);
		s = NULL;
	}
	if (!s)
		s = scratch_new(alcm, chunk_bytes);
	if (!s)
		engine_scratch_put(alcm, NULL);
	for (unsigned i = 0; s && i < SCRATCH_BASES; i++)
		s->bases[i].off = 0;
	return s;
}

/* NULL gives back the place of a loan that could not be allocated. One waiter is woken:
   any loan serves any of them. */
void engine_scratch_put(struct alcm *alcm, struct scratch *s)
{
	lock_note_dropped(LOCK_SCRATCH);
	WITH_LOCK(&alcm->lock);
	if (s) {
		s->next = alcm->scratch;
		alcm->scratch = s;
	}
	alcm->n_out--;
	pthread_cond_signal(&alcm->returned);
}

void alcm_budget_use(struct alcm *alcm, struct alcm_budget_use *out)
{
	budget_use(alcm->budget, &out->used, &out->peak, &out->limit);
}

void engine_count(struct alcm *alcm, enum work what, uint64_t n)
{
	atomic_fetch_add_explicit(&alcm->work[what], n, memory_order_relaxed);
}

void alcm_work(struct alcm *alcm, struct alcm_work *out)
{
	uint64_t *const to[WORK_COUNT] = {
		[WORK_N_ENCODED] = &out->n_encoded,
		[WORK_ENCODED_BYTES] = &out->encoded_bytes,
		[WORK_ENCODED_STORED_BYTES] = &out->encoded_stored_bytes,
		[WORK_ENCODE_CPU_NS] = &out->encode_cpu_ns,
		[WORK_N_DECODED] = &out->n_decoded,
		[WORK_DECODED_BYTES] = &out->decoded_bytes,
		[WORK_DECODE_CPU_NS] = &out->decode_cpu_ns,
		[WORK_N_VERIFY_FAILED] = &out->n_verify_failed,
		[WORK_N_CORRUPT] = &out->n_corrupt,
	};

	for (int i = 0; i < WORK_COUNT; i++)
		*to[i] = atomic_load_explicit(&alcm->work[i], memory_order_relaxed);
}

/* Lines longer than the buffer are cut: one line in the log is enough. */
void engine_log(const struct alcm *alcm, const struct blob_io *file,
	enum alcm_log_level level, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	if (!alcm->params.log)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	alcm->params.log(alcm->params.log_ctx, blob_io_fd(file), level, text);
}

double engine_entropy(const struct alcm *alcm, const struct alcm_stats *stats)
{
	const struct alcm_predictor *own = alcm->params.predictor;
	double features[PREDICT_INPUTS];

	predict_features(stats, features);
	return predict_entropy(own ? &own->weights : &predict_default_weights, features);
}
