/* SPDX-License-Identifier: MIT */
/*
 * Files that were changed in place and closed, as databases and HDF5 are: each is looked
 * at, and compressed if that pays, when it has been idle for option idle's seconds. One
 * at a time, by a thread.
 */
#ifndef ALCMFS_IDLE_H
#define ALCMFS_IDLE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/lock.h"

struct fs;
struct inode;

/* A file's part in it. Embedded in its content. */
struct idle_item {
	struct inode *inode;         /* constant */
	TAILQ_ENTRY(idle_item) list; /* guarded by idle->lock, as the next three */
	uint64_t due_ms;             /* monotonic */
	/* so often a writer came too early; each doubles the time to wait */
	unsigned n_returns;
	bool listed; /* which counts as a lookup */
	/* writers came, it was changed or removed: counted, never reset */
	_Atomic unsigned n_disturbances;
};

TAILQ_HEAD(idle_list, idle_item);

/* Compresses a file that rests. -EAGAIN: it was disturbed. */
typedef int (*idle_convert)(struct fs *fs, struct inode *inode);

struct idle {
	idle_convert convert;   /* constant */
	struct lock lock;       /* guards what follows; a leaf */
	pthread_cond_t changed; /* by the monotonic clock */
	struct idle_list list;  /* by due_ms */
	unsigned n;
	bool running;
	atomic_bool ending; /* set with lock held */
	/* the thread's own: of the file before, so that a full disk is one line */
	int last_error;
	pthread_t thread;
};

/* Start the thread, unless option idle is 0; in the process that serves. 0, or a
   negative errno. */
int idle_start(struct fs *fs, idle_convert convert);

/* End the thread: what it is at is left as it was, or completed if it is half in
   place. */
void idle_stop(struct fs *fs);

/*
 * The last writer closed a file that it had changed: begin to wait. When the list is full
 * it isn't taken, and comes back with its next close. The inode must be referred to.
 */
void idle_add(struct fs *fs, struct inode *inode);

/* A writer came too early: from now on the file has to be idle for twice as long. */
void idle_double(struct fs *fs, struct inode *inode);

/* The file is changed, or has lost its name; cheap. */
void idle_disturb(struct inode *inode);

/* It has lost its name: let go of it, or its space would stay taken. */
void idle_drop(struct fs *fs, struct inode *inode);

#endif
