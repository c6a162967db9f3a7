/* SPDX-License-Identifier: MIT */
/*
 * The threads that receive requests from the kernel and answer them.
 *
 * libfuse's own loop cancels its threads when it ends. A request that such a thread has
 * just received is never answered, and the kernel may wait for the answer for good. These
 * threads are asked to end instead, and each answers its request first.
 *
 *   workers_start()  the first thread receives and answers; more are added as needed
 *   workers_serve()  until a signal, or the end of the mount
 *   notify_stop()    the threads still answer: a running notification may wait for that
 *   workers_stop()   nothing is received any more, and everything received is answered
 */
#ifndef ALCMFS_WORKERS_H
#define ALCMFS_WORKERS_H

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/lock.h"

struct fs;

/* A request may have to wait for work on its file while other processes make requests. So
   a thread is added when the last idle one receives a request. */
enum { MAX_WORKERS = 256, MAX_IDLE_WORKERS = 10 };

enum worker_state {
	WORKER_NONE,
	WORKER_RECEIVING,
	WORKER_ANSWERING,
	WORKER_ENDED, /* to be joined */
};

struct worker {
	struct fs *fs;
	pthread_t thread;
	enum worker_state state; /* guarded by workers->lock */
};

struct workers {
	/* posted when the mount is to end; safe in a signal handler */
	sem_t over;
	atomic_bool stopping;   /* set with lock held */
	struct lock lock;       /* guards what follows */
	pthread_cond_t changed; /* a thread ended */
	unsigned n, n_receiving;
	int err; /* 0, or the device's error */
	struct worker all[MAX_WORKERS];
};

void workers_init(struct workers *workers);

/* Start answering requests. 0, or a negative errno: no thread can be started. */
int workers_start(struct fs *fs);

/* Wait until workers_end() is called or the kernel drops the mount. The threads continue
   when this returns. 0, or a negative errno: the device fails. */
int workers_serve(struct fs *fs);

/* Make workers_serve() return. For signal handlers, too. */
void workers_end(struct workers *workers);

/* Wait until every request that was received is answered and every thread has ended. */
void workers_stop(struct fs *fs);

#endif
