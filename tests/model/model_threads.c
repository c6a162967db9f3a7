/* SPDX-License-Identifier: MIT */
/*
 * One blob, many threads: writers on regions of their own (whose edges share chunks),
 * readers anywhere, somebody who commits and trims. A region that nobody writes must read
 * right at all times; at the end everything must.
 *
 *     [ still, written once ][ writer 0 ][ writer 1 ] … [ the last writer, may truncate ]
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "blob/blob.h"
#include "model.h"
#include "store_mem.h"

enum {
	N_WRITERS = 3,
	N_READERS = 2,
	REGION = 5 * MODEL_CHUNK + 777, /* edges within chunks, on purpose */
	FILE_MAX = (1 + N_WRITERS) * REGION,
};

struct shared {
	struct model *m;
	uint64_t n_ops;
	atomic_uint writers_left;
	uint64_t tail_size; /* of the file, as the last writer left it */
};

struct actor {
	pthread_t thread;
	struct shared *shared;
	unsigned no;
	struct rng rng;
	uint8_t *buf; /* REGION bytes */
};

static void write_some(struct actor *a, uint64_t begin)
{
	struct model *m = a->shared->m;
	uint64_t n = 1 + rng_below(&a->rng, rng_below(&a->rng, 4) ? 3000 : REGION);
	uint64_t off = begin + rng_below(&a->rng, REGION - n + 1);

	content_fill(&a->rng, a->buf, n, off);

	ssize_t put = alcm_blob_pwrite(m->blob, a->buf, n, off, NULL);

	if (put != (ssize_t)n)
		die(m, "writer %u: pwrite = %lld", a->no, (long long)put);
	memcpy(m->bytes + off, a->buf, n);
	if (a->no == N_WRITERS - 1 && off + n > a->shared->tail_size)
		a->shared->tail_size = off + n;
}

/* Only the last writer: nobody else's region may be cut. */
static void resize_some(struct actor *a, uint64_t begin)
{
	struct model *m = a->shared->m;
	uint64_t size = begin + rng_below(&a->rng, REGION + 1), old = a->shared->tail_size;
	int err = alcm_blob_truncate(m->blob, size, NULL);

	if (err)
		die(m, "writer %u: truncate: %s", a->no, strerror(-err));
	if (size < old)
		memset(m->bytes + size, 0, old - size);
	a->shared->tail_size = size;
}

static void *writer(void *arg)
{
	struct actor *a = arg;
	uint64_t begin = (1 + (uint64_t)a->no) * REGION;

	for (uint64_t i = 0; i < a->shared->n_ops; i++) {
		if (a->no == N_WRITERS - 1 && rng_below(&a->rng, 8) == 0)
			resize_some(a, begin);
		else
			write_some(a, begin);
	}
	atomic_fetch_sub(&a->shared->writers_left, 1);
	return NULL;
}

static void *reader(void *arg)
{
	struct actor *a = arg;
	struct model *m = a->shared->m;

	while (atomic_load(&a->shared->writers_left)) {
		uint64_t n = 1 + rng_below(&a->rng, rng_below(&a->rng, 3) ? 5000 : REGION);
		uint64_t still = rng_below(&a->rng, REGION - n + 1);
		uint64_t any = rng_below(&a->rng, FILE_MAX - n + 1);
		struct alcm_diag diag = { 0 };

		if (alcm_blob_pread(m->blob, a->buf, n, still, &diag) != (ssize_t)n ||
			memcmp(a->buf, m->bytes + still, n) != 0)
			die(m, "the still region changed at %llu: %s", (unsigned long long)still,
				diag.cause);
		if (alcm_blob_pread(m->blob, a->buf, n, any, &diag) < 0)
			die(m, "pread at %llu: %s", (unsigned long long)any, diag.cause);
		(void)alcm_blob_seek(m->blob, any, rng_below(&a->rng, 2) ? SEEK_DATA : SEEK_HOLE);
	}
	return NULL;
}

static void *committer(void *arg)
{
	struct actor *a = arg;
	struct model *m = a->shared->m;

	while (atomic_load(&a->shared->writers_left)) {
		struct alcm_info info;
		int err = alcm_blob_commit(m->blob, rng_below(&a->rng, 2), NULL);

		if (err)
			die(m, "commit: %s", strerror(-err));
		err = alcm_blob_info(m->blob, &info, NULL);
		if (err && err != -ENODATA)
			die(m, "info: %s", strerror(-err));
		alcm_trim(m->alcm);
		usleep((useconds_t)rng_below(&a->rng, 3000));
	}
	return NULL;
}

static void start(struct actor *a, struct shared *shared, unsigned no,
	void *(*run)(void *))
{
	a->shared = shared;
	a->no = no;
	a->rng.state = rng_next(&shared->m->rng) | 1;
	a->buf = malloc(REGION);
	if (!a->buf || pthread_create(&a->thread, NULL, run, a))
		die(shared->m, "can't start a thread");
}

static void run_actors(struct shared *shared)
{
	struct actor actors[N_WRITERS + N_READERS + 1];
	unsigned n = 0;

	atomic_init(&shared->writers_left, N_WRITERS);
	for (unsigned i = 0; i < N_WRITERS; i++)
		start(&actors[n++], shared, i, writer);
	for (unsigned i = 0; i < N_READERS; i++)
		start(&actors[n++], shared, i, reader);
	start(&actors[n++], shared, 0, committer);
	while (n--) {
		pthread_join(actors[n].thread, NULL);
		free(actors[n].buf);
	}
}

static void run(uint64_t seed, uint64_t n_ops, struct alcm *alcm)
{
	struct store_mem *mem = store_mem_new();
	struct model m;
	struct shared shared = { .m = &m, .n_ops = n_ops };

	model_init(&m, "threads", seed, alcm, store_mem_store(mem), FILE_MAX);
	content_fill(&m.rng, m.bytes, REGION, 0);
	if (alcm_blob_pwrite(m.blob, m.bytes, REGION, 0, NULL) != REGION)
		die(&m, "pwrite");
	/* The last writer may leave the file shorter than its region's end, never than its
	   start. */
	shared.tail_size = (uint64_t)N_WRITERS * REGION;
	if (alcm_blob_truncate(m.blob, shared.tail_size, NULL))
		die(&m, "truncate");
	run_actors(&shared);
	m.size = shared.tail_size;
	model_compare(&m);
	if (alcm_blob_commit(m.blob, true, NULL))
		die(&m, "last commit");
	alcm_blob_close(m.blob);
	m.blob = NULL;
	if (blob_open_on(alcm, m.store, false, &m.blob, NULL))
		die(&m, "open");
	model_compare(&m);
	model_release(&m);
	store_mem_free(mem);
}

/* Several blobs at once under one budget, which is too small for all their buffers. */
struct crowd {
	pthread_t thread;
	struct alcm *alcm;
	uint64_t seed, n_ops;
};

static void *crowd_member(void *arg)
{
	struct crowd *c = arg;
	struct store_mem *mem = store_mem_new();
	struct model m;

	model_init(&m, "crowd", c->seed, c->alcm, store_mem_store(mem), 60 * MODEL_CHUNK);
	m.may_abandon = true;
	for (uint64_t i = 0; i < c->n_ops; i++)
		model_step(&m);
	model_compare(&m);
	model_release(&m);
	store_mem_free(mem);
	return NULL;
}

static void run_crowd(uint64_t seed, uint64_t n_ops, struct alcm *alcm)
{
	struct crowd crowd[5];

	for (unsigned i = 0; i < 5; i++) {
		crowd[i] = (struct crowd){ .alcm = alcm, .seed = seed + i, .n_ops = n_ops };
		if (pthread_create(&crowd[i].thread, NULL, crowd_member, &crowd[i]))
			abort();
	}
	for (unsigned i = 0; i < 5; i++)
		pthread_join(crowd[i].thread, NULL);
}

/*
 * Many files reopened, one chunk of each changed, and all committed at once. To encode a
 * chunk of a file that was just opened its head must be decoded, for which there is no
 * memory to spare when everybody waits with some in hand.
 */
enum { N_REOPENED = 24, REOPENED_ROUNDS = 10, REOPENED_BYTES = 3 * MODEL_CHUNK };

/* A disk: reads take a while, in which others come as far as this one. */
static struct blob_io_ops disk_ops;

static ssize_t disk_pread(void *ctx, void *buf, size_t n, uint64_t off)
{
	const struct blob_io memory = store_mem_store(ctx);

	usleep(500);
	return memory.ops->pread(ctx, buf, n, off);
}

static struct blob_io disk_of(struct store_mem *mem)
{
	struct blob_io disk = store_mem_store(mem);

	disk.ops = &disk_ops;
	return disk;
}

struct reopened {
	pthread_t thread;
	struct alcm *alcm;
	struct store_mem *mem;
	pthread_barrier_t *all;
};

static void change_reopened(struct reopened *r, uint8_t n_round)
{
	struct alcm_blob *blob = NULL;
	uint8_t got = 0;

	if (blob_open_on(r->alcm, disk_of(r->mem), true, &blob, NULL) ||
		alcm_blob_pwrite(blob, &n_round, 1, REOPENED_BYTES - 9, NULL) != 1)
		abort();
	(void)pthread_barrier_wait(r->all);
	if (alcm_blob_commit(blob, false, NULL) ||
		alcm_blob_pread(blob, &got, 1, REOPENED_BYTES - 9, NULL) != 1 || got != n_round)
		abort();
	alcm_blob_close(blob);
}

static void *reopener(void *arg)
{
	struct reopened *r = arg;

	for (uint8_t k = 0; k < REOPENED_ROUNDS; k++)
		change_reopened(r, k);
	return NULL;
}

static void make_reopened(struct reopened *r, struct rng *rng)
{
	static uint8_t bytes[REOPENED_BYTES];
	struct alcm_profile profile;
	struct alcm_blob *blob = NULL;

	r->mem = store_mem_new();
	alcm_profile_default(&profile);
	content_fill(rng, bytes, sizeof(bytes), 0);
	if (blob_create_on(r->alcm, store_mem_store(r->mem), &profile, &blob) ||
		alcm_blob_pwrite(blob, bytes, sizeof(bytes), 0, NULL) != sizeof(bytes) ||
		alcm_blob_commit(blob, false, NULL))
		abort();
	alcm_blob_close(blob);
}

void model_reopened(const struct options *o)
{
	struct alcm *alcm = model_engine(1, 8 << 20, MODEL_CHUNK);
	struct reopened files[N_REOPENED];
	struct rng rng = { o->seed | 1 };
	pthread_barrier_t all;

	alarm(300); /* instead of waiting for ever */
	pthread_barrier_init(&all, NULL, N_REOPENED);
	for (unsigned i = 0; i < N_REOPENED; i++) {
		files[i] = (struct reopened){ .alcm = alcm, .all = &all };
		make_reopened(&files[i], &rng);
	}
	disk_ops = *store_mem_store(files[0].mem).ops;
	disk_ops.pread = disk_pread;
	for (unsigned i = 0; i < N_REOPENED; i++)
		if (pthread_create(&files[i].thread, NULL, reopener, &files[i]))
			abort();
	for (unsigned i = 0; i < N_REOPENED; i++) {
		pthread_join(files[i].thread, NULL);
		store_mem_free(files[i].mem);
	}
	pthread_barrier_destroy(&all);
	alcm_free(alcm);
}

void model_threads(const struct options *o)
{
	struct alcm *alcm = model_engine(2, 8 << 20, MODEL_CHUNK);
	struct alcm_budget_use use;

	run(o->seed, o->n_ops / 2 / N_WRITERS, alcm);
	run_crowd(o->seed + 1, o->n_ops / 2 / 5, alcm);
	alcm_budget_use(alcm, &use);
	if (use.used || use.peak > use.limit) {
		fprintf(stderr, "threads: budget: %zu used, peak %zu of %zu\n", use.used,
			use.peak, use.limit);
		abort();
	}
	alcm_free(alcm);
}
