/* SPDX-License-Identifier: MIT */
/*
 * The list of files that wait to be compressed, and the thread that does it.
 *
 *   last writer closes ──► list, by due_ms ──► convert ──► done
 *           ▲                                     │ -EAGAIN: a writer came
 *           └── the delay doubles, at most 2^10 ──┘
 *
 * An entry holds a lookup of its inode, so the inode can't go away while it waits:
 *
 *   idle_add()    takes one for the new entry, or gives it back if there is an entry
 *   the thread    takes the entry's over, and gives it back after the conversion
 *   idle_drop()   gives the entry's back
 *
 * The doubling protects a file that is opened every few minutes, such as a database: the
 * work of a conversion that a writer undoes is spent less and less often. At 300 s the
 * longest delay is 3.5 days. A file that isn't taken because the list is full, or that is
 * still on it when the mount ends, loses nothing but time: it is listed again at its next
 * close after a change.
 */
#include "idle.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "content.h"
#include "inode.h"

enum {
	MAX_ITEMS = 4096,
	MAX_DOUBLINGS = 10,
};

/* ---- the list ---------------------------------------------------------------------- */

static void unlist_locked(struct idle *q, struct idle_item *item)
{
	TAILQ_REMOVE(&q->list, item, list);
	item->listed = false;
	q->n--;
}

/* Most files wait equally long, so the place is near the end. */
static void list_locked(struct idle *q, struct idle_item *item)
{
	struct idle_item *before = TAILQ_LAST(&q->list, idle_list);

	while (before && before->due_ms > item->due_ms)
		before = TAILQ_PREV(before, idle_list, list);
	if (before)
		TAILQ_INSERT_AFTER(&q->list, before, item, list);
	else
		TAILQ_INSERT_HEAD(&q->list, item, list);
	item->listed = true;
	q->n++;
}

/* A pin that fails means that the file can't be reached by its name; the conversion will
   find out. */
static bool has_no_name(struct fs *fs, struct inode *i)
{
	struct stat st;
	int fd;
	bool lost;

	if (inode_pin(fs, i, &fd))
		return false;
	lost = fstat(fd, &st) == 0 && st.st_nlink == 0;
	inode_unpin(fs, i);
	return lost;
}

void idle_add(struct fs *fs, struct inode *i)
{
	struct idle_item *item = &i->content->idle;
	struct idle *q = &fs->idle;
	bool referred;

	if (!fs->opt.idle)
		return;
	inode_hold(fs, i);
	lock_take(&q->lock);
	referred = item->listed;
	if (item->listed)
		unlist_locked(q, item);
	if (q->n < MAX_ITEMS) {
		item->due_ms = clock_ms() + ((uint64_t)fs->opt.idle * 1000 << item->n_returns);
		list_locked(q, item);
		pthread_cond_signal(&q->changed);
	} else {
		referred = true;
	}
	lock_drop(&q->lock);
	/* The last close may come after the removal: either idle_drop() found the file on the
	   list, or its missing name is seen here. */
	if (has_no_name(fs, i))
		idle_drop(fs, i);
	if (referred)
		inode_forget(fs, i, 1);
}

void idle_double(struct fs *fs, struct inode *i)
{
	WITH_LOCK(&fs->idle.lock);
	if (i->content->idle.n_returns < MAX_DOUBLINGS)
		i->content->idle.n_returns++;
}

/* Relaxed: io orders the change itself, and a conversion that reads the old count finds
   the change by ctime. */
void idle_disturb(struct inode *i)
{
	atomic_fetch_add_explicit(&i->content->idle.n_disturbances, 1, memory_order_relaxed);
}

void idle_drop(struct fs *fs, struct inode *i)
{
	struct idle_item *item = &i->content->idle;
	struct idle *q = &fs->idle;

	idle_disturb(i);
	{
		WITH_LOCK(&q->lock);
		if (!item->listed)
			return;
		unlist_locked(q, item);
	}
	inode_forget(fs, i, 1);
}

/* ---- the thread -------------------------------------------------------------------- */

/* The lookup of `i` is ours now, no longer the list's. */
static void look_at(struct fs *fs, struct inode *i)
{
	if (fs->idle.convert(fs, i) == -EAGAIN) {
		idle_double(fs, i);
		idle_add(fs, i);
	}
	inode_forget(fs, i, 1);
}

static void *run(void *arg)
{
	struct fs *fs = arg;
	struct idle *q = &fs->idle;

	lock_take(&q->lock);
	while (!q->ending) {
		struct idle_item *item = TAILQ_FIRST(&q->list);

		if (!item) {
			lock_wait(&q->lock, &q->changed);
		} else if (item->due_ms > clock_ms()) {
			(void)lock_wait_until(&q->lock, &q->changed, item->due_ms);
		} else {
			unlist_locked(q, item);
			lock_drop(&q->lock);
			look_at(fs, item->inode);
			lock_take(&q->lock);
		}
	}
	lock_drop(&q->lock);
	return NULL;
}

int idle_start(struct fs *fs, idle_convert convert)
{
	struct idle *q = &fs->idle;
	int err;

	q->convert = convert;
	lock_init(&q->lock, LOCK_QUEUE);
	TAILQ_INIT(&q->list);
	cond_init(&q->changed);
	if (!fs->opt.idle || fs->only_reads)
		return 0;
	err = pthread_create(&q->thread, NULL, run, fs);
	q->running = !err;
	return -err;
}

void idle_stop(struct fs *fs)
{
	struct idle *q = &fs->idle;

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
