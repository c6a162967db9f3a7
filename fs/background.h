/* SPDX-License-Identifier: MIT */
/* Work that is done by its own thread, a while after it became due. So several events
   cost one round. Rounds can be limited to a share of the time. */
#ifndef ALCMFS_BACKGROUND_H
#define ALCMFS_BACKGROUND_H

#include <pthread.h>
#include <stdbool.h>

#include "base/lock.h"

struct fs;

struct background {
	struct fs *fs; /* constant, like the next three */
	void (*round)(struct fs *fs);
	unsigned pause_ms;      /* from becoming due to the round */
	unsigned rest_rounds;   /* plus this many times the duration of the last round */
	struct lock lock;       /* guards what follows; a leaf */
	pthread_cond_t changed; /* by the monotonic clock */
	bool due, ending, running;
	pthread_t thread;
};

/* Start the thread; only in the process that serves. After a round it rests for
   `rest_rounds` times the round's duration. 0, or a negative errno. */
int background_start(struct background *work, struct fs *fs, void (*round)(struct fs *fs),
	unsigned pause_ms, unsigned rest_rounds);

/* There is something to do; round() may call this as well. */
void background_due(struct background *work);

/* Do what is due at once, and end the thread. A thread that was never started is fine. */
void background_stop(struct background *work);

#endif
