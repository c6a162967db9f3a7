/* SPDX-License-Identifier: MIT */
/* One run of the crash test: a model on a logging store, and what its images may hold. */
#ifndef ALCM_TESTS_CRASH_RUN_H
#define ALCM_TESTS_CRASH_RUN_H

#include "model.h"
#include "store_crash.h"

enum { CRASH_MAX_SIZE = 9 * MODEL_CHUNK + 4321, CRASH_MAX_STATES = 200 };

/* A committed state, in force from the op before `from` on. */
struct crash_state {
	size_t from;
	uint64_t size;
	uint8_t *bytes;
};

/* Every content that some chunk ever had, as hashes. */
struct crash_history {
	uint64_t *keys; /* open addressing; 0 = free */
	size_t n, max;
};

struct crash_run {
	struct model m;
	struct store_crash *crash;
	size_t n_seen; /* ops looked at for trailers */
	struct crash_state states[CRASH_MAX_STATES];
	int n_states;
	struct crash_history history;
	uint64_t boot;    /* the number of the boot that it runs in */
	const char *what; /* is being checked, and where: for messages */
	size_t at;
};

void crash_run_init(struct crash_run *r, uint64_t seed, struct alcm *alcm);

/* Go on, in boot number `boot`, from an image that holds states[state] of `first`. */
void crash_run_init_from(struct crash_run *r, const struct crash_run *first,
	struct store_mem *image, int state, uint64_t boot, uint64_t seed);
void crash_run_release(struct crash_run *r);

/* After each step: remember contents, and states that were committed. */
void crash_run_note(struct crash_run *r);

/* The last state committed by the first n ops; -1 = none. */
int crash_run_state_at(const struct crash_run *r, size_t n);

/*
 * Open the image in boot number `boot`: it must hold one of states[lo … hi], which is
 * returned. With lo < 0 it may hold none of them (then -1): with `exact` precisely the
 * chunks that can be rebuilt, else nothing but what was once written.
 */
int crash_run_check(struct crash_run *r, struct store_mem *image, uint64_t boot, int lo,
	int hi, bool exact);

/*
 * Open the image while the n-th allocation fails, for every n: -ENOMEM, or one of the
 * states all the same; never an older one.
 */
void crash_run_check_allocs(struct crash_run *r, struct store_mem *image, uint64_t boot,
	int lo, int hi);

/* alcm check --repair must not make it worse. */
void crash_run_check_repair(struct crash_run *r, struct store_mem *image, int lo, int hi);

#endif
