/* SPDX-License-Identifier: MIT */
/*
 * Work that is done a while after it became due, by a thread of its own: what happens
 * meanwhile costs no second round. Rounds can be kept to a share of the time.
 */
#ifndef ALCMFS_BACKGROUND_H
#define ALCMFS_BACKGROUND_H

#include <pthread.h>
#include <stdbool.h>

#include "base/lock.h"

struct fs;

struct background {
	struct fs *fs; /* constant, as the next three */
	void (*round)(struct fs *fs);
	unsigned pause_ms;      /* between when it is due and the round */
	unsigned rest_rounds;   /* and so many times what the round before took */
	struct lock lock;       /* guards what follows; a leaf */
	pthread_cond_t changed; /* by the monotonic clock */
	bool due, ending, running;
	pthread_t thread;
};

/*
 * Start the thread; in the process that serves. After a round that took a while it rests
 * for `rest_rounds` times as long. 0, or a negative errno.
 */
int background_start(struct background *work, struct fs *fs, void (*round)(struct fs *fs),
	unsigned pause_ms, unsigned rest_rounds);

/* There is something to do; round() may say so too. */
void background_due(struct background *work);

/* Do what is due at once, and end the thread. One that was never started is fine. */
void background_stop(struct background *work);

#endif
