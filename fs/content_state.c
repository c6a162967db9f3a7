/* SPDX-License-Identifier: MIT */
/*
 * The state of a file's content, its lifetime, and what is shown of it.
 *
 * Lifetime: content_get() makes it at the first opening. content_forget() frees it when
 * nothing refers to the inode, unless it has something to remember, and content_release()
 * in any case at the end of the inode. So ten million files that are only listed cost no
 * content.
 *
 * Two locks guard it. `io` serialises work on the file and is held for long; `lock` is
 * held for moments, and is all that stat() takes. Every change of state or blob therefore
 * happens with both: io by the caller, lock in content_set_state(). n_changes moves with
 * it, by which stat() notices.
 */
#include "content_state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "inode.h"
#include "mount_log.h"
#include "path.h"

/* ---- its life ---------------------------------------------------------------------- */

/* Nothing is open yet, and calloc() has set the state to CONTENT_UNKNOWN. */
static struct content *make(const struct fs *fs, struct inode *i)
{
	struct content *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->notify.inode = c->report.inode = c->idle.inode = c->writing.inode = i;
	shared_lock_init(&c->io, LOCK_IO);
	lock_init(&c->lock, LOCK_INODE);
	cond_init(&c->returned);
	c->fd = -1;
	c->noatime = fs->opt.noatime;
	return c;
}

void content_free(struct fs *fs, struct content *c)
{
	if (!c)
		return;
	notify_forget(fs, &c->notify);
	pthread_cond_destroy(&c->returned);
	lock_destroy(&c->lock);
	shared_lock_destroy(&c->io);
	free(c);
}

/* Two threads may make one at the same time; the first to enter it wins. */
struct content *content_get(struct fs *fs, struct inode *i)
{
	struct content *c = i->content, *fresh;

	if (c)
		return c;
	fresh = make(fs, i);
	if (!fresh)
		return NULL;
	{
		WITH_LOCK(&fs->unopened_lock);
		c = i->content;
		if (!c) {
			i->content = fresh;
			return fresh;
		}
	}
	content_free(fs, fresh);
	return c;
}

/* Whether it holds something that the store doesn't have and the next opening needs: lost
   changes, whether it waits for a conversion and for how long, what updates in place have
   cost so far, or a ctime that users must not see. */
static bool is_memorable(const struct content *c)
{
	return c->n_open || c->fd >= 0 || c->lost || c->waits || c->plain_written ||
		c->worked_encoded || c->idle.n_returns || c->converted_ctime.tv_sec;
}

/* The hook of inodes that are kept: table_lock is held, so no one can look the inode up
   and open it now. From here on unopened_lock guards `told`, so the content is taken away
   under it. */
void content_forget(struct fs *fs, struct inode *i)
{
	struct content *c = i->content;

	if (!c || is_memorable(c))
		return;
	{
		WITH_LOCK(&fs->unopened_lock);
		i->content = NULL;
	}
	content_free(fs, c);
}

/* ---- what it is -------------------------------------------------------------------- */

/* What changes here makes the answer last given to the kernel outdated. */
void content_tell_locked(struct inode *i, bool is_blob, uint64_t size)
{
	if (i->told.is_blob == is_blob && i->told.blob_size == size)
		return;
	i->told.is_blob = is_blob;
	i->told.blob_size = size;
	i->told.current = false;
}

void content_set_state(struct inode *i, enum content_state state, struct alcm_blob *blob)
{
	struct content *c = i->content;

	WITH_LOCK(&c->lock);
	c->state = state;
	c->blob = blob;
	c->n_changes++;
}

/* From now on the store's file is neither of its two forms. Users see the size and mtime
   of the form before, which is right for both: conversion doesn't change the content. */
void content_overwrite_begin(struct inode *i, off_t size, const struct timespec *mtime)
{
	struct content *c = i->content;

	WITH_LOCK(&c->lock);
	c->overwritten = true;
	c->shown_size = size;
	c->shown_mtime = *mtime;
	c->n_changes++;
}

void content_overwrite_end(struct inode *i)
{
	struct content *c = i->content;

	WITH_LOCK(&c->lock);
	c->overwritten = false;
	c->n_changes++;
}

/* O_NOATIME belongs to the open description, so it is switched rather than given at open:
   our own reads must not count, and a user's must. Without privilege O_NOATIME is refused
   on files of other owners; then access times show more than they should. */
void content_note_reads(const struct content *c, bool on)
{
	int flags = fcntl(c->fd, F_GETFL);

	(void)fcntl(c->fd, F_SETFL,
		on && !c->noatime ? flags & ~O_NOATIME : flags | O_NOATIME);
}

ssize_t content_peek(const struct content *c, void *buf, size_t n)
{
	ssize_t got;

	content_note_reads(c, false);
	got = pread(c->fd, buf, n, 0);
	content_note_reads(c, true);
	return got < 0 ? -errno : got;
}

bool content_is_lent(struct inode *i)
{
	struct content *c = i->content;

	WITH_LOCK(&c->lock);
	return c->n_lent > 0;
}

/* Replies that splice from the descriptor run without io (content_read()); closing it
   under them would make them read from whatever gets its number next. */
void content_await_return(struct inode *i)
{
	struct content *c = i->content;

	WITH_LOCK(&c->lock);
	while (c->n_lent)
		lock_wait(&c->lock, &c->returned);
}

int content_report(struct fs *fs, struct inode *i, int err, const struct alcm_diag *diag)
{
	char path[PATH_TEXT];
	bool again;

	if (err != -EIO || !diag->cause[0])
		return err;
	/*
	 * The kernel keeps asking for pages that it can't get; one line in the log is enough.
	 */
	{
		WITH_LOCK(&i->content->lock);
		again = i->content->reported_offset == diag->offset + 1;
		i->content->reported_offset = diag->offset + 1;
	}
	if (!again)
		fs_log(fs, ALCM_LOG_ERROR, "%s: offset %llu: %s",
			path_of(fs, i->content->fd >= 0 ? i->content->fd : i->path_fd, path),
			(unsigned long long)diag->offset, diag->cause);
	return err;
}
