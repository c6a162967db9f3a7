/* SPDX-License-Identifier: MIT */
/*
 * The worker pool: one queue, any number of threads. Jobs are embedded in the caller's
 * objects, so queueing can't fail.
 *
 *   first ──► job ──► job ──► NULL
 *                       ▲
 *   last ── its `next` ─┘        with an empty queue `last` points to `first`
 *
 * Jobs start in the order of submission. A job is out of the queue before run() is
 * called, and the pool doesn't touch it afterwards: run() may free it or submit it again.
 * Stopping doesn't drop jobs: a worker ends only when the queue is empty.
 */
#include "sched/pool.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>

#include "base/alloc.h"
#include "base/lock.h"

struct pool {
	struct lock lock;
	pthread_cond_t work;
	struct pool_job *first, **last; /* guarded by lock */
	bool stopping;                  /* guarded by lock */
	unsigned n_threads;
	pthread_t threads[];
};

/* The next job, or NULL when the pool stops and nothing is queued. */
static struct pool_job *next_job(struct pool *pool)
{
	WITH_LOCK(&pool->lock);
	while (!pool->first && !pool->stopping)
		lock_wait(&pool->lock, &pool->work);

	struct pool_job *job = pool->first;

	if (!job)
		return NULL;
	pool->first = job->next;
	if (!pool->first)
		pool->last = &pool->first;
	return job;
}

/* A worker ends when next_job() has nothing left and the pool is stopping. */
static void *worker(void *arg)
{
	struct pool_job *job;

	while ((job = next_job(arg)))
		job->run(job);
	return NULL;
}

static int start_workers(struct pool *pool, unsigned n_threads)
{
	sigset_t all, before;
	int err = 0;

	/* Signals are handled by the main thread, so workers block them all. A thread
	   inherits the mask of its creator, so there is no moment without it. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (!err && pool->n_threads < n_threads) {
		err = -pthread_create(&pool->threads[pool->n_threads], NULL, worker, pool);
		if (!err)
			pool->n_threads++;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return err;
}

int pool_new(unsigned n_threads, struct pool **out)
{
	struct pool *pool = mem_zalloc(1, sizeof(*pool) + n_threads * sizeof(pthread_t));

	if (!pool)
		return -ENOMEM;
	lock_init(&pool->lock, LOCK_LEAF);
	cond_init(&pool->work);
	pool->last = &pool->first;

	/* After a failure pool_free() joins those that have started. */
	int err = start_workers(pool, n_threads);

	if (err) {
		pool_free(pool);
		return err;
	}
	*out = pool;
	return 0;
}

void pool_free(struct pool *pool)
{
	if (!pool)
		return;
	lock_take(&pool->lock);
	pool->stopping = true;
	pthread_cond_broadcast(&pool->work);
	lock_drop(&pool->lock);
	for (unsigned i = 0; i < pool->n_threads; i++)
		pthread_join(pool->threads[i], NULL);
	pthread_cond_destroy(&pool->work);
	lock_destroy(&pool->lock);
	mem_free(pool);
}

void pool_submit(struct pool *pool, struct pool_job *job)
{
	WITH_LOCK(&pool->lock);
	job->next = NULL;
	*pool->last = job;
	pool->last = &job->next;
	pthread_cond_signal(&pool->work);
}
