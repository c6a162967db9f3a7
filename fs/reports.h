/* SPDX-License-Identifier: MIT */
/*
 * Reports are written after the close, by a thread: a save doesn't wait for its report. A
 * file that changes again before its turn gets one report. Readers of .alcm still find it
 * right: a report is made at once when it is asked for (admin_refresh()), and lists and
 * sums first wait for the reports that are due.
 */
#ifndef ALCMFS_REPORTS_H
#define ALCMFS_REPORTS_H

#include <pthread.h>
#include <stdbool.h>
#include <sys/queue.h>

#include "background.h"
#include "base/lock.h"

struct inode;

/* A file's entry in the list, guarded by reports->lock. Embedded in its content. */
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
	bool busy;              /* a report is being written; one at a time */
	struct report_list list;
	unsigned n;
};

/* Start the thread; only in the process that serves. 0, or a negative errno. */
int reports_start(struct fs *fs, reports_write write);

/* Write all reports that are due, and end the thread. */
void reports_stop(struct fs *fs);

/* The file needs a new report. No lock is held: if too many are due, the caller writes
   one itself. */
void reports_due(struct fs *fs, struct inode *inode);

/* The file is gone and needs no report. */
void reports_drop(struct fs *fs, struct inode *inode);

/* Reports that are due now are written when this returns; no lock is held. */
void reports_finish(struct fs *fs);

#endif
