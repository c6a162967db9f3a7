/* SPDX-License-Identifier: MIT */
/* A fixed set of worker threads and a first-in first-out queue of jobs. */
#ifndef ALCM_SCHED_POOL_H
#define ALCM_SCHED_POOL_H

/* Embedded in the caller's object, which must live until run() was called. */
struct pool_job {
	void (*run)(struct pool_job *job);
	struct pool_job *next; /* guarded by the pool's lock while queued */
};

struct pool;

/* Start n_threads > 0 workers, with all signals blocked. -ENOMEM, -EAGAIN. */
int pool_new(unsigned n_threads, struct pool **out);

/* Run the queued jobs, then end the workers. NULL is fine. */
void pool_free(struct pool *pool);

/* Queue `job`; never fails. */
void pool_submit(struct pool *pool, struct pool_job *job);

#endif
