/* SPDX-License-Identifier: MIT */
/* A store that hands calls on to another one, some of which fail. */
#ifndef ALCM_TESTS_STORE_FAULTY_H
#define ALCM_TESTS_STORE_FAULTY_H

#include <pthread.h>
#include <stdint.h>

#include "base/lock.h"
#include "blob/blob_io.h"

enum {
	FAULTY_PREAD = 1,
	FAULTY_PWRITE = 2,
	FAULTY_TRUNCATE = 4,
	FAULTY_PUNCH = 8,
	FAULTY_RESERVE = 16,
	FAULTY_SYNC = 32,
	FAULTY_SIZE = 64,
	FAULTY_ALL = 127,
};

struct store_faulty {
	struct blob_io below;
	struct lock lock;      /* guards all below */
	unsigned kinds;        /* which calls count and can fail */
	uint64_t first, count; /* calls [first, first+count), counted from 1, fail */
	int err;               /* with this; 0 = they move about half of the bytes */
	uint64_t calls, failed;
};

void store_faulty_init(struct store_faulty *f, struct blob_io below);
void store_faulty_release(struct store_faulty *f);
struct blob_io store_faulty_store(struct store_faulty *f);

/* From now on (counting starts anew). count 0: nothing fails. */
void store_faulty_set(struct store_faulty *f, unsigned kinds, uint64_t first,
	uint64_t count, int err);

/* Calls of the chosen kinds so far, and how many of them failed. */
uint64_t store_faulty_calls(struct store_faulty *f);
uint64_t store_faulty_failed(struct store_faulty *f);

#endif
