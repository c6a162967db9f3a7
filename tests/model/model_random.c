/* SPDX-License-Identifier: MIT */
/* Random operations on healthy stores, and files far larger than memory. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/checked.h"
#include "blob/blob.h"
#include "model.h"
#include "store_mem.h"

enum { ROUND_OPS = 4000, MAX_SIZE = 40 * MODEL_CHUNK + 12345 };

/*
 * Not more than this may lie in the store for content of MAX_SIZE after a synced commit:
 * the live records, at worst twice over (what is dead is only given back in larger lots).
 */
enum { MAX_USED = 2 * MAX_SIZE + (2 << 20) };

static void run(uint64_t seed, uint64_t n_ops, struct alcm *alcm, struct blob_io store,
	struct store_mem *mem)
{
	struct model m;

	model_init(&m, "random", seed, alcm, store, MAX_SIZE);
	m.may_abandon = true;
	for (uint64_t i = 0; i < n_ops; i++)
		model_step(&m);
	model_compare(&m);
	model_commit(&m, true);
	if (mem && store_mem_used(mem) > MAX_USED)
		die(&m, "%llu bytes in the store for %llu",
			(unsigned long long)store_mem_used(mem), (unsigned long long)m.size);
	model_reopen(&m, true);
	model_compare(&m);
	model_release(&m);
}

static void check_budget(struct alcm *alcm, uint64_t seed)
{
	struct alcm_budget_use use;

	alcm_budget_use(alcm, &use);
	if (use.used || use.peak > use.limit) {
		fprintf(stderr, "random, seed %llu: budget: %zu used, peak %zu of %zu\n",
			(unsigned long long)seed, use.used, use.peak, use.limit);
		abort();
	}
}

void model_random(const struct options *o)
{
	uint64_t seed = o->seed;

	for (uint64_t done = 0; done < o->n_ops; done += ROUND_OPS, seed++) {
		struct alcm *alcm = model_engine((unsigned)(1 + seed % 3), 8 << 20, MODEL_CHUNK);
		uint64_t n = min_u64(ROUND_OPS, o->n_ops - done);
		struct store_mem *mem = store_mem_new();
		int fd = seed % 4 ? -1 : memfd_create("model", MFD_CLOEXEC);

		if (fd >= 0) {
			run(seed, n, alcm, blob_io_posix(fd), NULL);
			close(fd);
		} else {
			store_mem_set_no_reserve(mem, seed % 4 == 1);
			run(seed, n, alcm, store_mem_store(mem), mem);
		}
		store_mem_free(mem);
		check_budget(alcm, seed);
		alcm_free(alcm);
	}
}

/* ---- sparse files ------------------------------------------------------------------ */

enum { N_SPOTS = 64, SPOT_BYTES = 700 };

struct spot {
	uint64_t off;
	uint8_t bytes[SPOT_BYTES];
};

static void write_spots(struct model *m, struct spot *spots)
{
	for (int i = 0; i < N_SPOTS; i++) {
		/* Spread over all magnitudes, one spot per power of two and a bit. */
		spots[i].off = ((uint64_t)1 << (14 + i / 2)) + (i % 2) * 300000 + (uint64_t)i;
		content_fill(&m->rng, spots[i].bytes, SPOT_BYTES, spots[i].off);
		if (alcm_blob_pwrite(m->blob, spots[i].bytes, SPOT_BYTES, spots[i].off, NULL) !=
			SPOT_BYTES)
			die(m, "pwrite at %llu", (unsigned long long)spots[i].off);
	}
}

static void check_spots(struct model *m, const struct spot *spots)
{
	for (int i = 0; i < N_SPOTS; i++) {
		uint8_t got[SPOT_BYTES + 2];
		struct alcm_diag diag = { 0 };
		ssize_t n = alcm_blob_pread(m->blob, got, sizeof(got), spots[i].off - 1, &diag);

		if (n < SPOT_BYTES + 1)
			die(m, "pread at %llu: %lld: %s", (unsigned long long)spots[i].off,
				(long long)n, diag.cause);
		if (memcmp(got + 1, spots[i].bytes, SPOT_BYTES) != 0 || got[0])
			die(m, "wrong bytes at %llu", (unsigned long long)spots[i].off);
	}
}

/* The end of the largest file is a place like any other, and nothing lies behind it. */
static void check_limits(struct model *m, unsigned chunk_log2)
{
	const uint64_t limit = (uint64_t)1 << (chunk_log2 < 18 ? 32 + chunk_log2 : 50);
	struct alcm_blob *b = m->blob;
	uint8_t want[8] = "the end", got[8];

	if (alcm_blob_pwrite(b, "x", 1, limit, NULL) != -EFBIG ||
		alcm_blob_pwrite(b, "x", 1, UINT64_MAX, NULL) != -EFBIG ||
		alcm_blob_truncate(b, limit + 1, NULL) != -EFBIG)
		die(m, "a file beyond the format's limit isn't refused");
	if (alcm_blob_truncate(b, limit, NULL) || alcm_blob_size(b) != limit)
		die(m, "a file of the format's limit is refused");
	if (alcm_blob_pread(b, got, 1, limit - 1, NULL) != 1 || got[0])
		die(m, "the last byte of the largest file");
	if (alcm_blob_pwrite(b, want, 8, limit - 5, NULL) != 5)
		die(m, "a write across the limit isn't cut there");
	if (alcm_blob_pread(b, got, 8, limit - 5, NULL) != 5 || memcmp(want, got, 5) != 0)
		die(m, "the last bytes of the largest file");
	if (alcm_blob_seek(b, limit - 1, SEEK_HOLE) != (int64_t)limit ||
		alcm_blob_seek(b, limit - 1, SEEK_DATA) != (int64_t)limit - 1 ||
		alcm_blob_seek(b, limit, SEEK_HOLE) != -ENXIO)
		die(m, "seeking at the end of the largest file");
	if (alcm_blob_pread(b, got, 1, limit, NULL) ||
		alcm_blob_pread(b, got, 1, UINT64_MAX, NULL))
		die(m, "reading beyond the end isn't 0");
	if (alcm_blob_zero(b, limit - 3, 100, NULL) ||
		alcm_blob_truncate(b, limit - 4, NULL) ||
		alcm_blob_pread(b, got, 8, limit - 5, NULL) != 1 || got[0] != want[0])
		die(m, "cutting the largest file short");
}

/* Every size of chunk has its limit, and a file of that size keeps its first bytes. */
static void check_all_limits(const struct options *o)
{
	for (unsigned log2 = 16; log2 <= 24; log2++) {
		uint32_t chunk = 1u << log2;
		struct alcm *alcm = model_engine(1, 4 * (size_t)chunk + (8 << 20), chunk);
		struct store_mem *mem = store_mem_new();
		uint8_t got[4];
		struct model m;

		model_init(&m, "limits", o->seed, alcm, store_mem_store(mem), chunk);
		if (alcm_blob_pwrite(m.blob, "head", 4, 0, NULL) != 4)
			die(&m, "the first bytes");
		check_limits(&m, log2);
		if (alcm_blob_commit(m.blob, true, NULL))
			die(&m, "commit");
		alcm_blob_close(m.blob);
		m.blob = NULL;
		if (blob_open_on(alcm, m.store, true, &m.blob, NULL))
			die(&m, "open");
		check_limits(&m, log2);
		if (alcm_blob_pread(m.blob, got, 4, 0, NULL) != 4 || memcmp(got, "head", 4) != 0)
			die(&m, "the first bytes of the largest file");
		model_release(&m);
		store_mem_free(mem);
		alcm_free(alcm);
	}
}

void model_sparse(const struct options *o)
{
	struct alcm *alcm = model_engine(2, 8 << 20, MODEL_CHUNK);
	struct store_mem *mem = store_mem_new();
	struct spot *spots = calloc(N_SPOTS, sizeof(*spots));
	struct model m;

	check_all_limits(o);
	model_init(&m, "sparse", o->seed, alcm, store_mem_store(mem), MODEL_CHUNK);
	if (!spots)
		die(&m, "out of memory");
	write_spots(&m, spots);
	check_spots(&m, spots);

	int err = alcm_blob_commit(m.blob, true, NULL);

	if (err)
		die(&m, "commit: %s", strerror(-err));
	alcm_blob_close(m.blob);
	m.blob = NULL;
	err = blob_open_on(alcm, m.store, true, &m.blob, NULL);
	if (err)
		die(&m, "open: %s", strerror(-err));
	check_spots(&m, spots);
	if (store_mem_size(mem) > 4u * N_SPOTS * MODEL_CHUNK)
		die(&m, "holes take space");
	free(spots);
	model_release(&m);
	store_mem_free(mem);
	alcm_free(alcm);
}
