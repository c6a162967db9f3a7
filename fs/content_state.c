/* SPDX-License-Identifier: MIT */
/* The state of a file's content, and of what is shown of it. */
#include "content_state.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "inode.h"

void content_set_state(struct inode *i, enum content_state state, struct alcm_blob *blob)
{
	WITH_LOCK(&i->lock);
	i->content.state = state;
	i->content.blob = blob;
	i->content.n_changes++;
}

void content_overwrite_begin(struct inode *i, off_t size, const struct timespec *mtime)
{
	WITH_LOCK(&i->lock);
	i->content.overwritten = true;
	i->content.shown_size = size;
	i->content.shown_mtime = *mtime;
	i->content.n_changes++;
}

void content_overwrite_end(struct inode *i)
{
	WITH_LOCK(&i->lock);
	i->content.overwritten = false;
	i->content.n_changes++;
}

/* Not allowed on files of others, unless by root: then access times tell more than they should. */
void content_note_reads(const struct content *c, bool on)
{
	int flags = fcntl(c->fd, F_GETFL);

	(void)fcntl(c->fd, F_SETFL, on && !c->noatime ? flags & ~O_NOATIME : flags | O_NOATIME);
}

ssize_t content_peek(const struct content *c, void *buf, size_t n)
{
	ssize_t got;

	content_note_reads(c, false);
	got = pread(c->fd, buf, n, 0);
	content_note_reads(c, true);
	return got < 0 ? -errno : got;
}

void content_await_return(struct inode *i)
{
	lock_take(&i->lock);
	while (i->content.n_lent)
		lock_wait(&i->lock, &i->content.returned);
	lock_drop(&i->lock);
}
