/* SPDX-License-Identifier: MIT */
/*
 * Files that were changed in place and closed, such as databases and HDF5. When such a
 * file has been idle for option idle's seconds it is examined, and compressed if that
 * pays. One at a time, by a thread.
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

/* A file's entry. Embedded in its content. */
struct idle_item {
	struct inode *inode;         /* constant */
	TAILQ_ENTRY(idle_item) list; /* guarded by idle->lock, like the next three */
	uint64_t due_ms;             /* monotonic */
	/* times a writer returned too early; each doubles the delay */
	unsigned n_returns;
	bool listed; /* in the list, which counts as a lookup */
	/* count of writers, changes and removals; never reset */
	_Atomic unsigned n_disturbances;
};

TAILQ_HEAD(idle_list, idle_item);

/* Compresses an idle file. -EAGAIN: it was disturbed. */
typedef int (*idle_convert)(struct fs *fs, struct inode *inode);

struct idle {
	idle_convert convert;   /* constant */
	struct lock lock;       /* guards what follows; a leaf */
	pthread_cond_t changed; /* by the monotonic clock */
	struct idle_list list;  /* by due_ms */
	unsigned n;
	bool running;
	atomic_bool ending; /* set with lock held */
	/* the thread's own: the last file's error, so that a full disk is logged once */
	int last_error;
	pthread_t thread;
};

/* Start the thread, unless option idle is 0; only in the process that serves. 0, or a
   negative errno. */
int idle_start(struct fs *fs, idle_convert convert);

/* End the thread. Its current file is left unchanged, or completed if it is half in
   place. */
void idle_stop(struct fs *fs);

/* The last writer closed a file after changing it: start waiting. With a full list the
   file isn't taken; its next close brings it back. The inode must be referred to. */
void idle_add(struct fs *fs, struct inode *inode);

/* A writer returned too early: from now on the file must be idle for twice as long. */
void idle_double(struct fs *fs, struct inode *inode);

/* Note that the file is changed, or has lost its name; cheap. */
void idle_disturb(struct inode *inode);

/* The file has lost its name: release it, or its space would stay in use. */
void idle_drop(struct fs *fs, struct inode *inode);

#endif
