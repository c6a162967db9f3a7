/* SPDX-License-Identifier: MIT */
/*
 * Notifications to the kernel: that its cached pages of a file are out of date.
 *
 * A notification may wait for requests, such as READs of the pages to be dropped and
 * requests that wait behind them. So no request and no lock may wait for a notification:
 * they are queued, and a thread that does nothing else sends them. Between a change and
 * its notification
 *
 *   - an open of the file sees the new content: the entry in the queue makes it drop the
 *     pages
 *   - a handle or mapping from before may see the old content for a moment
 */
#ifndef ALCMFS_NOTIFY_H
#define ALCMFS_NOTIFY_H

#include <pthread.h>
#include <stdbool.h>
#include <sys/queue.h>

#include "base/lock.h"

struct fs;
struct inode;

/* A file's entry in the queue: one, however often it changed. Embedded in its content. */
struct notify_item {
	struct inode *inode;            /* constant */
	TAILQ_ENTRY(notify_item) queue; /* guarded by notify->lock, like the next */
	bool queued;
};

TAILQ_HEAD(notify_queue, notify_item);

struct notify {
	struct lock lock;       /* guards what follows */
	pthread_cond_t changed; /* there is something to do */
	struct notify_queue queue;
	bool ending, running;
	pthread_t thread;
};

void notify_init(struct notify *notify);

/* Start the thread; only in the process that serves. 0, or a negative errno. */
int notify_start(struct fs *fs);

/* Have the kernel drop its pages of the file. Never waits. */
void notify_pages(struct fs *fs, struct inode *inode);

/* The item is about to be freed. */
void notify_forget(struct fs *fs, struct notify_item *item);

/* End the thread. A running notification may wait for requests, so these must still be
   answered. Queued ones are dropped: the mount ends. */
void notify_stop(struct fs *fs);

#endif
