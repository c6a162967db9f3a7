/* SPDX-License-Identifier: MIT */
/*
 * A fixed little workload during which something may fail. Whatever does, what a call
 * returned must be true: bytes it took are kept, what it refused changed nothing, and a
 * commit that returned 0 is found again.
 */
#ifndef ALCM_TESTS_TRIAL_H
#define ALCM_TESTS_TRIAL_H

#include "model.h"

enum { TRIAL_MAX_SIZE = 7 * MODEL_CHUNK + 99, TRIAL_MAX_ATTEMPTS = 16 };

struct trial {
	struct model m;
	void (*clear)(void *ctx); /* makes everything work again */
	void *ctx;
	unsigned n_errors; /* calls that failed */
	/* States of commits that failed: their trailer may be in the store or not. */
	struct {
		uint8_t *bytes;
		uint64_t size;
	} attempts[TRIAL_MAX_ATTEMPTS];
	unsigned n_attempts;
};

/* Run the workload on a new blob. */
void trial_run(struct trial *t);

/* Another one: a container whose header comes last, so that what was committed before it
   is encoded again. */
void trial_run_container(struct trial *t);

/*
 * Make things work, commit, open again and compare. With `must_commit` nothing
 * acknowledged may be lost; otherwise the last commit, or one that was tried since, must
 * be there.
 */
void trial_finish(struct trial *t, bool must_commit);

void trial_init(struct trial *t, const char *name, uint64_t seed, struct alcm *alcm,
	struct blob_io store);
void trial_release(struct trial *t);

/* A write that may fail; true when all was taken. */
bool trial_write(struct trial *t, uint64_t n, uint64_t off);

/* A commit that may fail. */
int trial_commit(struct trial *t, bool sync);

#endif
