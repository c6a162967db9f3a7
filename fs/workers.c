/* SPDX-License-Identifier: MIT */
/*
 * The worker threads.
 *
 *   RECEIVING ──► ANSWERING ──► RECEIVING … ──► ENDED ──► joined
 *        │            └ adds a thread if it was the last one receiving
 *        └ woken by a signal when the mount ends
 *
 * At least one thread receives while there are fewer than MAX_WORKERS, whatever the
 * others wait for. That isn't only for speed: a request may wait for work that ends only
 * when another request is answered. With a fixed number of threads all of them could wait
 * for a request that none is left to receive.
 *
 * A thread that has answered ends if MAX_IDLE_WORKERS others are receiving, so a burst of
 * requests doesn't leave threads and their buffers behind. Its entry is joined by the
 * next thread that needs one, or at the end.
 *
 * The signal only interrupts the wait for a request, so an answer is never cut short.
 */
#include "workers.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "fs.h"
#include "mount_log.h"

/* Interrupts a thread that waits for a request; without effect otherwise. */
#define WAKE_SIGNAL SIGUSR1

static void wake(int sig)
{
	(void)sig;
}

void workers_init(struct workers *w)
{
	(void)sem_init(&w->over, 0, 0);
	lock_init(&w->lock, LOCK_QUEUE);
	cond_init(&w->changed);
}

/* ---- one thread -------------------------------------------------------------------- */

static void *work(void *arg);

/* An ended thread takes no locks, so waiting for its last instructions with the lock held
   is safe. */
static void join_ended(struct worker *worker)
{
	if (worker->state == WORKER_ENDED)
		(void)pthread_join(worker->thread, NULL);
	worker->state = WORKER_NONE;
}

/*
 * Add a thread. A failure isn't fatal while other threads exist: they take the requests.
 */
static int add_locked(struct fs *fs)
{
	struct workers *w = &fs->workers;
	struct worker *worker = w->all;
	int err;

	while (worker->state == WORKER_RECEIVING || worker->state == WORKER_ANSWERING)
		worker++;
	join_ended(worker);
	worker->fs = fs;
	worker->state = WORKER_RECEIVING;
	err = pthread_create(&worker->thread, NULL, work, worker);
	if (err) {
		worker->state = WORKER_NONE;
		return -err;
	}
	w->n++;
	w->n_receiving++;
	return 0;
}

/* False: the thread should end instead of receiving. */
static bool may_receive_locked(const struct workers *w)
{
	return !w->stopping && w->n_receiving < MAX_IDLE_WORKERS;
}

/* A request was received: make sure that another thread can receive the next one. */
static void begin_answer(struct worker *worker)
{
	struct workers *w = &worker->fs->workers;

	WITH_LOCK(&w->lock);
	worker->state = WORKER_ANSWERING;
	w->n_receiving--;
	if (!w->n_receiving && w->n < MAX_WORKERS && !w->stopping)
		(void)add_locked(worker->fs);
}

static bool end_answer(struct worker *worker)
{
	struct workers *w = &worker->fs->workers;

	WITH_LOCK(&w->lock);
	if (!may_receive_locked(w))
		return false;
	worker->state = WORKER_RECEIVING;
	w->n_receiving++;
	return true;
}

/* The mount ends: the kernel dropped it (0), or the device fails. Every thread that
   receives finds out and says so; workers_serve() needs only one. */
static void note_end(struct fs *fs, int err)
{
	if (err)
		fs_log(fs, ALCM_LOG_ERROR, "%s: reading requests: %s", fs->opt.mountpoint,
			strerror(-err));
	{
		WITH_LOCK(&fs->workers.lock);
		fs->workers.err = err;
	}
	workers_end(&fs->workers);
}

/* Errors after which receiving is tried again. */
static bool is_passing(int err)
{
	return err == -ENOMEM || err == -EINTR || err == -EAGAIN;
}

/* Receive a request. False: this thread should end. */
static bool receive(struct worker *worker, struct fuse_buf *buf)
{
	static const struct timespec pause = { .tv_nsec = 10000000 };
	struct fs *fs = worker->fs;
	int n = -EINTR;

	while (is_passing(n) && !atomic_load(&fs->workers.stopping)) {
		/* There was no memory for the buffer: wait a little. */
		if (n == -ENOMEM)
			(void)nanosleep(&pause, NULL);
		n = fuse_session_receive_buf(fs->session, buf);
	}
	if (n <= 0 && !is_passing(n))
		note_end(fs, n);
	return n > 0;
}

static void *work(void *arg)
{
	struct worker *worker = arg;
	struct workers *w = &worker->fs->workers;
	struct fuse_buf buf = { .mem = NULL };
	bool more = true;

	while (more && receive(worker, &buf)) {
		begin_answer(worker);
		fuse_session_process_buf(worker->fs->session, &buf);
		more = end_answer(worker);
	}
	free(buf.mem);
	WITH_LOCK(&w->lock);
	if (worker->state == WORKER_RECEIVING)
		w->n_receiving--;
	worker->state = WORKER_ENDED;
	w->n--;
	pthread_cond_signal(&w->changed);
	return NULL;
}

/* ---- all of them ------------------------------------------------------------------- */

void workers_end(struct workers *w)
{
	(void)sem_post(&w->over);
}

/* The main thread handles the signals that end the mount; threads started here inherit
   the mask and block them. */
static int start_first(struct fs *fs)
{
	sigset_t all, before;
	int err;

	sigfillset(&all);
	sigdelset(&all, WAKE_SIGNAL);
	(void)pthread_sigmask(SIG_BLOCK, &all, &before);
	{
		WITH_LOCK(&fs->workers.lock);
		err = add_locked(fs);
	}
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return err;
}

int workers_start(struct fs *fs)
{
	struct sigaction action = { .sa_handler = wake };

	(void)sigaction(WAKE_SIGNAL, &action, NULL);
	return start_first(fs);
}

int workers_serve(struct fs *fs)
{
	while (sem_wait(&fs->workers.over) && errno == EINTR)
		;
	WITH_LOCK(&fs->workers.lock);
	return fs->workers.err;
}

/* A thread that hasn't started waiting yet loses the signal, so it is sent again until
   all have ended. */
static void wake_receivers_locked(struct workers *w)
{
	enum { AGAIN_MS = 10 };

	for (unsigned k = 0; k < MAX_WORKERS; k++)
		if (w->all[k].state == WORKER_RECEIVING)
			(void)pthread_kill(w->all[k].thread, WAKE_SIGNAL);
	(void)lock_wait_until(&w->lock, &w->changed, clock_ms() + AGAIN_MS);
}

void workers_stop(struct fs *fs)
{
	struct workers *w = &fs->workers;

	WITH_LOCK(&w->lock);
	w->stopping = true;
	while (w->n)
		wake_receivers_locked(w);
	for (unsigned k = 0; k < MAX_WORKERS; k++)
		join_ended(&w->all[k]);
}
