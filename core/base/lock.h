/* SPDX-License-Identifier: MIT */
/*
 * Scope locks, and the lock order of the whole project.
 *
 * Outermost first; a thread that holds one may take only those below it:
 *
 *   0  fs: summaries' maker    (fs/summaries.c) one at a time, while it reads and writes sidecars
 *   1  fs: inode table shard   (fs/inode.c)     lookup counts, the (dev, ino) table
 *   2  fs: inode               (fs/content.c)   content state of one file
 *   3  core: registry of blobs (sched/budget.c) who may be asked to give buffers back
 *   4  core: container         (blob/layout.c)  where the tensors of one blob lie
 *   5  core: blob              (blob/blob.c)    chunk table, log end, commit state of one blob
 *   6  core: budget, pool      (sched/)         counters and queues; leaf locks
 *
 * No lock is held across a FUSE reply, a kernel notification, a wait for budget, or store I/O
 * of another file. Workers never touch fs objects.
 */
#ifndef ALCM_BASE_LOCK_H
#define ALCM_BASE_LOCK_H

#include <pthread.h>

static inline void lock_release_ptr(pthread_mutex_t **m)
{
	(void)pthread_mutex_unlock(*m);
}

static inline pthread_mutex_t *lock_acquire(pthread_mutex_t *m)
{
	(void)pthread_mutex_lock(m);
	return m;
}

#define LOCK_NAME2(line) lock_held_at_##line
#define LOCK_NAME(line) LOCK_NAME2(line)

/* Holds mutex `m` until the end of the enclosing block. */
#define WITH_LOCK(m)                                                         \
	__attribute__((cleanup(lock_release_ptr), unused)) pthread_mutex_t * \
	LOCK_NAME(__LINE__) = lock_acquire(m)

#endif
