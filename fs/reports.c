/* SPDX-License-Identifier: MIT */
/*
 * The list of files whose reports are due, and writing them in that order, one at a time.
 * An entry holds a lookup of its inode.
 *
 *   reports_due()      a close: the file goes to the end of the list, unless it is there
 *   the thread         takes the first off, writes its report, and so on
 *   reports_finish()   a reader of .alcm: writes what is due itself, and waits for the
 *                      report that the thread is writing
 *
 * `busy` is the turn to write. Two threads never write at once, so an older report of a
 * file can't replace a newer one. It isn't a lock, because writing reads a blob and takes
 * locks of all levels.
 *
 * A list that is longer than MAX_ITEMS slows closes down: each then writes one report
 * before it returns, so the list doesn't grow.
 */
#include "reports.h"

#include "content.h"
#include "inode.h"

enum {
	PAUSE_MS = 100, /* so that several closes of a file make one report */
	MAX_ITEMS = 4096,
};

static void list_locked(struct reports *r, struct report_item *item)
{
	TAILQ_INSERT_TAIL(&r->list, item, list);
	item->listed = true;
	r->n++;
}

static void unlist_locked(struct reports *r, struct report_item *item)
{
	TAILQ_REMOVE(&r->list, item, list);
	item->listed = false;
	r->n--;
}

static void await_turn_locked(struct reports *r)
{
	while (r->busy)
		lock_wait(&r->lock, &r->changed);
}

/* Write the report that has been due longest. False: none is due. A pin fails if the file
   is gone; then no report is needed. */
static bool write_one(struct fs *fs)
{
	struct reports *r = &fs->reports;
	struct report_item *item;
	struct inode *i;
	int fd, err;

	lock_assert_free(LOCK_ANY);
	{
		WITH_LOCK(&r->lock);
		await_turn_locked(r);
		item = TAILQ_FIRST(&r->list);
		if (!item)
			return false;
		unlist_locked(r, item);
		r->busy = true;
	}
	i = item->inode;
	err = inode_pin(fs, i, &fd);
	if (!err)
		r->write(fs, i, fd);
	{
		WITH_LOCK(&r->lock);
		r->busy = false;
		pthread_cond_broadcast(&r->changed);
	}
	if (!err)
		inode_unpin(fs, i);
	inode_forget(fs, i, 1);
	return true;
}

static void write_all(struct fs *fs)
{
	while (write_one(fs))
		;
}

int reports_start(struct fs *fs, reports_write write)
{
	fs->reports.write = write;
	lock_init(&fs->reports.lock, LOCK_QUEUE);
	TAILQ_INIT(&fs->reports.list);
	cond_init(&fs->reports.changed);
	return background_start(&fs->reports.work, fs, write_all, PAUSE_MS, 0);
}

void reports_stop(struct fs *fs)
{
	background_stop(&fs->reports.work);
}

void reports_due(struct fs *fs, struct inode *i)
{
	struct content *c = content_get(fs, i);
	struct reports *r = &fs->reports;
	bool listed, full;

	/* Without memory it is made when it is asked for. */
	if (!c)
		return;
	inode_hold(fs, i);
	{
		WITH_LOCK(&r->lock);
		listed = c->report.listed;
		if (!listed)
			list_locked(r, &c->report);
		full = r->n > MAX_ITEMS;
	}
	if (listed)
		inode_forget(fs, i, 1);
	background_due(&r->work);
	if (full)
		(void)write_one(fs);
}

void reports_drop(struct fs *fs, struct inode *i)
{
	struct report_item *item = &i->content->report;
	struct reports *r = &fs->reports;

	{
		WITH_LOCK(&r->lock);
		if (!item->listed)
			return;
		unlist_locked(r, item);
	}
	inode_forget(fs, i, 1);
}

void reports_finish(struct fs *fs)
{
	struct reports *r = &fs->reports;
	unsigned n;

	{
		WITH_LOCK(&r->lock);
		n = r->n;
	}
	/* They are written in order, so counting leaves out files that are closed from now
	   on. */
	while (n-- && write_one(fs))
		;
	WITH_LOCK(&r->lock);
	await_turn_locked(r);
}
