/* SPDX-License-Identifier: MIT */
/*
 * Locks that know their place in the order of the whole project, and scope locks.
 *
 * A thread that holds a lock may take only locks of later levels, and never two of one
 * level. Debug builds check that (ALCM_CHECK_LOCKS): each thread has a bit per level that
 * it holds. A wrong order ends the program where it happens, not where two threads
 * deadlock.
 *
 * docs/design.md, "Locks", says what each lock guards and for how long it may be held.
 */
#ifndef ALCM_BASE_LOCK_H
#define ALCM_BASE_LOCK_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/clock.h"

/* Outermost first. */
enum lock_level {
	LOCK_SUMMARIES, /* fs: one maker of summaries at a time */
	LOCK_IO,        /* fs: content->io, the state of one file's content */
	LOCK_SCHEDULER, /* fs: one save at a time updates a directory's scheduler */
	LOCK_TABLE,     /* fs: the inode table, lookup counts, names */
	LOCK_INODE,     /* fs: content->lock or unopened_lock, what stat() tells of a file */
	LOCK_FD,        /* fs: pins and the LRU of descriptors */
	LOCK_QUEUE,     /* fs: lists and queues; nothing else is taken inside */

	LOCK_REGISTRY, /* core: which blobs may be asked to give buffers back */
	LOCK_MAP,      /* core: where the tensors of one file lie */
	LOCK_SCRATCH,  /* core: not a mutex, but scratch memory that a thread has borrowed */
	LOCK_BLOB,     /* core: chunk table, log end, commit state of one blob */
	LOCK_STORE,    /* tests: a store that wraps another */
	/* core: counters and queues of budget, pool and engine, changes noted */
	LOCK_LEAF,
	LOCK_LEVELS,
};

/* All levels from `first` on, for lock_assert_free(). */
#define LOCK_FROM(first) (~0u << (first))
#define LOCK_OF_CORE LOCK_FROM(LOCK_REGISTRY)
#define LOCK_ANY LOCK_FROM(0)

/* ---- what is held ------------------------------------------------------------------ */

#ifdef ALCM_CHECK_LOCKS
/* Call before waiting for a lock of this level, after getting it, and before giving it
   back. */
void lock_check_order(enum lock_level level);
void lock_note_taken(enum lock_level level);
void lock_note_dropped(enum lock_level level);

/* Assert that this thread holds no lock of these levels: it is about to wait, or to call
   code that may. */
void lock_assert_free(unsigned levels);
#else
static inline void lock_check_order(enum lock_level level)
{
	(void)level;
}
static inline void lock_note_taken(enum lock_level level)
{
	(void)level;
}
static inline void lock_note_dropped(enum lock_level level)
{
	(void)level;
}
static inline void lock_assert_free(unsigned levels)
{
	(void)levels;
}
#endif

/* ---- locks ------------------------------------------------------------------------- */

struct lock {
	pthread_mutex_t mutex;
	enum lock_level level;
};

static inline void lock_init(struct lock *l, enum lock_level level)
{
	(void)pthread_mutex_init(&l->mutex, NULL);
	l->level = level;
}

static inline void lock_destroy(struct lock *l)
{
	(void)pthread_mutex_destroy(&l->mutex);
}

static inline void lock_take(struct lock *l)
{
	lock_check_order(l->level);
	(void)pthread_mutex_lock(&l->mutex);
	lock_note_taken(l->level);
}

static inline void lock_drop(struct lock *l)
{
	lock_note_dropped(l->level);
	(void)pthread_mutex_unlock(&l->mutex);
}

/* Drop the lock, wait for `changed`, and take the lock. Spurious wake-ups happen. */
static inline void lock_wait(struct lock *l, pthread_cond_t *changed)
{
	(void)pthread_cond_wait(changed, &l->mutex);
}

/* Initialise a condition for lock_wait_until(). */
static inline void cond_init(pthread_cond_t *cond)
{
	pthread_condattr_t attr;

	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(cond, &attr);
	(void)pthread_condattr_destroy(&attr);
}

/* As lock_wait(), but until clock_ms() is `until_ms` at the longest; then ETIMEDOUT. */
static inline int lock_wait_until(struct lock *l, pthread_cond_t *changed,
	uint64_t until_ms)
{
	const struct timespec t = clock_at(until_ms);

	return pthread_cond_timedwait(changed, &l->mutex, &t);
}

/* A lock that many threads may share. A thread that waits for exclusive access goes
   before new sharers. */
struct shared_lock {
	pthread_rwlock_t rwlock;
	enum lock_level level;
};

static inline void shared_lock_init(struct shared_lock *l, enum lock_level level)
{
	pthread_rwlockattr_t attr;

	(void)pthread_rwlockattr_init(&attr);
	(void)pthread_rwlockattr_setkind_np(&attr,
		PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	(void)pthread_rwlock_init(&l->rwlock, &attr);
	(void)pthread_rwlockattr_destroy(&attr);
	l->level = level;
}

static inline void shared_lock_destroy(struct shared_lock *l)
{
	(void)pthread_rwlock_destroy(&l->rwlock);
}

static inline void shared_lock_share(struct shared_lock *l)
{
	lock_check_order(l->level);
	(void)pthread_rwlock_rdlock(&l->rwlock);
	lock_note_taken(l->level);
}

static inline void shared_lock_take(struct shared_lock *l)
{
	lock_check_order(l->level);
	(void)pthread_rwlock_wrlock(&l->rwlock);
	lock_note_taken(l->level);
}

/* Try to take it exclusively. False: it is held. Never waits, so it may be tried with any
   lock held. */
static inline bool shared_lock_try(struct shared_lock *l)
{
	if (pthread_rwlock_trywrlock(&l->rwlock))
		return false;
	lock_note_taken(l->level);
	return true;
}

static inline void shared_lock_drop(struct shared_lock *l)
{
	lock_note_dropped(l->level);
	(void)pthread_rwlock_unlock(&l->rwlock);
}

/* ---- scope locks ------------------------------------------------------------------- */

static inline struct lock *lock_taken(struct lock *l)
{
	lock_take(l);
	return l;
}

static inline struct shared_lock *lock_shared(struct shared_lock *l)
{
	shared_lock_share(l);
	return l;
}

static inline struct shared_lock *lock_owned(struct shared_lock *l)
{
	shared_lock_take(l);
	return l;
}

static inline void lock_drop_ptr(struct lock **l)
{
	lock_drop(*l);
}

static inline void shared_lock_drop_ptr(struct shared_lock **l)
{
	shared_lock_drop(*l);
}

#define LOCK_NAME2(line) lock_held_at_##line
#define LOCK_NAME(line) LOCK_NAME2(line)
#define LOCK_SCOPE(type, drop, taken) \
	__attribute__((cleanup(drop), unused)) struct type *LOCK_NAME(__LINE__) = taken

/* Hold the lock until the end of the enclosing block: a struct lock, or a shared_lock,
   shared or exclusively. */
#define WITH_LOCK(l) LOCK_SCOPE(lock, lock_drop_ptr, lock_taken(l))
#define WITH_LOCK_SHARED(l) LOCK_SCOPE(shared_lock, shared_lock_drop_ptr, lock_shared(l))
#define WITH_LOCK_OWNED(l) LOCK_SCOPE(shared_lock, shared_lock_drop_ptr, lock_owned(l))

#endif
