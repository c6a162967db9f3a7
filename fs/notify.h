/* SPDX-License-Identifier: MIT */
/*
 * What the kernel is told unasked: that pages of a file which it has cached are not right
 * any more.
 *
 * The kernel may wait for requests while it is told, such as for READs of the pages that
 * it is to drop, and for those that wait behind them. So no request and no lock may wait
 * for a notification: they are queued, and a thread that does nothing else sends them.
 * Between a change and its notification
 *
 *   - one who opens the file sees the new content: the queue's entry makes the open drop
 *     the pages
 *   - one who had it open or mapped before may see the old content for a moment
 */
#ifndef ALCMFS_NOTIFY_H
#define ALCMFS_NOTIFY_H

#include <pthread.h>
#include <stdbool.h>
#include <sys/queue.h>

#include "base/lock.h"

struct fs;
struct inode;

/* A file's place in the queue: one, however often it changed. Embedded in its content. */
struct notify_item {
	struct inode *inode;            /* constant */
	TAILQ_ENTRY(notify_item) queue; /* guarded by notify->lock, as the next */
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

/* Start the thread; in the process that serves. 0, or a negative errno. */
int notify_start(struct fs *fs);

/* The kernel's pages of the file are to go. Never waits. */
void notify_pages(struct fs *fs, struct inode *inode);

/* The item is about to be freed. */
void notify_forget(struct fs *fs, struct notify_item *item);

/*
 * End the thread. A call that is under way may wait for requests, so they must still be
 * answered. What is queued is left: the mount goes.
 */
void notify_stop(struct fs *fs);

#endif
