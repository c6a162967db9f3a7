/* SPDX-License-Identifier: MIT */
/*
 * Reports are written behind the closes that they are about, by a thread: a save doesn't
 * wait for its report. A file that changes again before its turn has one report. Who
 * looks at .alcm meanwhile finds it right, since a report that is asked for is made at
 * once (admin_refresh()), and lists and sums first wait for what is due.
 */
#ifndef ALCMFS_REPORTS_H
#define ALCMFS_REPORTS_H

#include <pthread.h>
#include <stdbool.h>
#include <sys/queue.h>

#include "background.h"
#include "base/lock.h"

struct inode;

/* A file's place in the list, guarded by reports->lock. Embedded in its content. */
struct report_item {
	struct inode *inode; /* constant */
	TAILQ_ENTRY(report_item) list;
	bool listed;
};

TAILQ_HEAD(report_list, report_item);

/* Writes the report of an inode whose O_PATH descriptor is pinned. */
typedef void (*reports_write)(struct fs *fs, struct inode *inode, int path_fd);

struct reports {
	struct background work;
	reports_write write;    /* constant */
	struct lock lock;       /* guards what follows; a leaf */
	pthread_cond_t changed; /* no longer busy */
	bool busy;              /* one is being written; one at a time */
	struct report_list list;
	unsigned n;
};

/* Start the thread; in the process that serves. 0, or a negative errno. */
int reports_start(struct fs *fs, reports_write write);

/* Write all that are due, and end the thread. */
void reports_stop(struct fs *fs);

/* The file has a new report. No lock is held: where too many are due, the caller writes
   one itself. */
void reports_due(struct fs *fs, struct inode *inode);

/* The file is gone: it needs none. */
void reports_drop(struct fs *fs, struct inode *inode);

/* What is due now is written when this returns; no lock is held. */
void reports_finish(struct fs *fs);

#endif
