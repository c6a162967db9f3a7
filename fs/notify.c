/* SPDX-License-Identifier: MIT */
#include "notify.h"

#include <errno.h>
#include <stddef.h>

#include "inode.h"

static struct inode *inode_of(struct notify_item *item)
{
	return (struct inode *)(void *)((char *)item - offsetof(struct inode, notify));
}

void notify_init(struct notify *q)
{
	lock_init(&q->lock, LOCK_QUEUE);
	pthread_cond_init(&q->changed, NULL);
}

/* ---- the queue ---------------------------------------------------------------------------- */

static void unlist_locked(struct notify *q, struct notify_item *item)
{
	*(item->prev ? &item->prev->next : &q->first) = item->next;
	*(item->next ? &item->next->prev : &q->last) = item->prev;
	item->queued = false;
}

static void list_locked(struct notify *q, struct notify_item *item)
{
	item->prev = q->last;
	item->next = NULL;
	*(q->last ? &q->last->next : &q->first) = item;
	q->last = item;
	item->queued = true;
}

void notify_pages(struct fs *fs, struct inode *i)
{
	struct notify *q = &fs->notify;

	{
		WITH_LOCK(&i->lock);
		i->content.cached = false;
	}
	WITH_LOCK(&q->lock);
	if (!i->notify.queued)
		list_locked(q, &i->notify);
	pthread_cond_signal(&q->changed);
}

void notify_forget(struct fs *fs, struct inode *i)
{
	WITH_LOCK(&fs->notify.lock);
	if (i->notify.queued)
		unlist_locked(&fs->notify, &i->notify);
}

/* ---- the thread --------------------------------------------------------------------------- */

/* The number of an inode that is freed meanwhile means nothing to the kernel, or costs another its pages. */
static void send(struct fs *fs, fuse_ino_t number)
{
	lock_assert_free(LOCK_ANY);
	(void)fuse_lowlevel_notify_inval_inode(fs->session, number, 0, 0);
}

/* The next in the queue; 0: the end. */
static fuse_ino_t await_next(struct fs *fs)
{
	struct notify *q = &fs->notify;

	WITH_LOCK(&q->lock);
	while (!q->first && !q->ending)
		lock_wait(&q->lock, &q->changed);
	if (q->ending)
		return 0;

	struct notify_item *item = q->first;

	unlist_locked(q, item);
	return inode_number(fs, inode_of(item));
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
