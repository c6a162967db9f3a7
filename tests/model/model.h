/* SPDX-License-Identifier: MIT */
/*
 * A blob and the plain array that it must always equal.
 *
 * model_step() does one random operation to both and compares what can be compared.
 * Failures print seed and step, so that a run can be repeated, and abort.
 */
#ifndef ALCM_TESTS_MODEL_H
#define ALCM_TESTS_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "alcm.h"
#include "blob/blob_io.h"

enum { MODEL_CHUNK = 64 << 10 };

struct rng {
	uint64_t state;
};

uint64_t rng_next(struct rng *rng);
/* 0 … n-1; n > 0. */
uint64_t rng_below(struct rng *rng, uint64_t n);

/* Fill n bytes that will lie at `off` of a file: tensor data, text, constants, noise. */
void content_fill(struct rng *rng, uint8_t *buf, size_t n, uint64_t off);

/* A whole safetensors file of small tensors; its header takes CONTENT_HEAD bytes. */
enum { CONTENT_HEAD = 4096 };
void content_container(struct rng *rng, uint8_t *buf, unsigned n_tensors);
size_t content_container_bytes(unsigned n_tensors);

/* What a chunk may be as SEEK_DATA and SEEK_HOLE see it. */
enum chunk_seen { SEEN_HOLE, SEEN_DATA, SEEN_EITHER };

struct model {
	const char *name; /* of the run, for messages */
	uint64_t seed, step_no;
	struct rng rng;
	struct alcm *alcm;
	struct blob_io store;
	struct alcm_blob *blob;
	uint64_t max_size;
	uint8_t *bytes, *committed, *buf; /* max_size each; bytes behind the size are zero */
	uint64_t size, committed_size;
	uint64_t n_commits; /* that had something to do */
	uint64_t cursor;    /* where the last write ended or began */
	uint8_t seen[1024]; /* enum chunk_seen, per chunk */
	uint8_t committed_seen[1024];
	bool may_abandon; /* reopening without a commit, which loses changes, is a step */
};

#define die(m, ...) model_die(m, __FILE__, __LINE__, __VA_ARGS__)
void model_die(const struct model *m, const char *file, int line, const char *fmt, ...)
	__attribute__((noreturn, format(printf, 4, 5)));

/* An engine for tests; ends the program on failure. */
struct alcm *model_engine(unsigned threads, size_t budget_bytes, uint32_t chunk_bytes);

/* Start with a new blob on `store`. */
void model_init(struct model *m, const char *name, uint64_t seed, struct alcm *alcm,
	struct blob_io store, uint64_t max_size);
/* The arrays only: no blob. */
void model_init_arrays(struct model *m, const char *name, uint64_t seed,
	struct alcm *alcm, struct blob_io store, uint64_t max_size);
void model_release(struct model *m);

/* One random operation. The store mustn't fail. */
void model_step(struct model *m);

void model_commit(struct model *m, bool sync);

/* What the last writer's close does: the store then holds little more than the data. */
void model_close(struct model *m);

/* Close and open again; `commit` first, or fall back to the last commit. */
void model_reopen(struct model *m, bool commit);

/* Note in the array what a write of n bytes from `buf` at `off` did, or a new size. */
void model_wrote(struct model *m, const uint8_t *buf, uint64_t n, uint64_t off);
void model_resized(struct model *m, uint64_t size);
void model_committed(struct model *m);

/* Read the whole blob and compare it with the array. */
void model_compare(struct model *m);

/* The modes of the test program. Each returns when all is well. */
struct options {
	uint64_t seed, n_ops;
};
void model_random(const struct options *o);
void model_sparse(const struct options *o);
void model_threads(const struct options *o);
void model_reopened(const struct options *o);
void model_crash(const struct options *o);
void model_fault(const struct options *o);
void model_space(const struct options *o);
void model_alloc(const struct options *o);
void model_lossy(const struct options *o);
void model_archive(const struct options *o);
void model_damage(const struct options *o);

/* A blob without any commit shows nothing; then take it for what there is of it. */
void model_salvage(struct model *m, struct alcm_blob *blob);

#endif
