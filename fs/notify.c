/* SPDX-License-Identifier: MIT */
/*
 * The queue of notifications, and the thread that sends them. notify.h explains why they
 * are never sent by a request's own thread.
 *
 *   notify_pages()    content->cached = false: an open from now on drops the pages
 *                     the item is queued, unless it is
 *   the thread        takes the item off, then sends without any lock
 *
 * The item is embedded in the content, and the queue holds no lookup of the inode. So
 * notify_forget() takes it off when the content is freed, and the thread remembers only
 * the inode's number while it sends.
 */
#include "notify.h"

#include <errno.h>

#include "content.h"
#include "inode.h"

void notify_init(struct notify *q)
{
	lock_init(&q->lock, LOCK_QUEUE);
	TAILQ_INIT(&q->queue);
	cond_init(&q->changed);
}

/* ---- the queue --------------------------------------------------------------------- */

static void unlist_locked(struct notify *q, struct notify_item *item)
{
	TAILQ_REMOVE(&q->queue, item, queue);
	item->queued = false;
}

static void list_locked(struct notify *q, struct notify_item *item)
{
	TAILQ_INSERT_TAIL(&q->queue, item, queue);
	item->queued = true;
}

void notify_pages(struct fs *fs, struct inode *i)
{
	struct notify *q = &fs->notify;
	struct content *c = i->content;

	{
		WITH_LOCK(&c->lock);
		c->cached = false;
	}
	WITH_LOCK(&q->lock);
	if (!c->notify.queued)
		list_locked(q, &c->notify);
	pthread_cond_signal(&q->changed);
}

void notify_forget(struct fs *fs, struct notify_item *item)
{
	WITH_LOCK(&fs->notify.lock);
	if (item->queued)
		unlist_locked(&fs->notify, item);
}

/* ---- the thread -------------------------------------------------------------------- */

/* The inode may be freed by now. Then its number is unknown to the kernel, or another
   inode loses its pages, which costs reading them again. An error isn't logged: without
   pages there is nothing to drop. */
static void send(struct fs *fs, fuse_ino_t number)
{
	lock_assert_free(LOCK_ANY);
	(void)fuse_lowlevel_notify_inval_inode(fs->session, number, 0, 0);
}

/* Wait for the next entry; 0: the thread should end. */
static fuse_ino_t await_next(struct fs *fs)
{
	struct notify *q = &fs->notify;

	WITH_LOCK(&q->lock);
	while (TAILQ_EMPTY(&q->queue) && !q->ending)
		lock_wait(&q->lock, &q->changed);
	if (q->ending)
		return 0;

	struct notify_item *item = TAILQ_FIRST(&q->queue);

	unlist_locked(q, item);
	return inode_number(fs, item->inode);
}

static void *run(void *arg)
{
	struct fs *fs = arg;
	fuse_ino_t number;

	while ((number = await_next(fs)))
		send(fs, number);
	return NULL;
}

int notify_start(struct fs *fs)
{
	int err = pthread_create(&fs->notify.thread, NULL, run, fs);

	fs->notify.running = !err;
	return -err;
}

void notify_stop(struct fs *fs)
{
	struct notify *q = &fs->notify;

	if (!q->running)
		return;
	{
		WITH_LOCK(&q->lock);
		q->ending = true;
		pthread_cond_signal(&q->changed);
	}
	pthread_join(q->thread, NULL);
	q->running = false;
}
