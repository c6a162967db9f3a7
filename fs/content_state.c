/* SPDX-License-Identifier: MIT */
/* The state of a file's content, and of what is shown of it. */
#include "content_state.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "inode.h"
#include "mount_log.h"
#include "path.h"

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

int content_report(struct fs *fs, struct inode *i, int err, const struct alcm_diag *diag)
{
	char path[PATH_TEXT];
	bool again;

	if (err != -EIO || !diag->cause[0])
		return err;
	/* The kernel asks again and again for pages that it can't have: one line is enough. */
	lock_take(&i->lock);
	again = i->content.reported_offset == diag->offset + 1;
	i->content.reported_offset = diag->offset + 1;
	lock_drop(&i->lock);
	if (!again)
		fs_log(fs, ALCM_LOG_ERROR, "%s: offset %llu: %s",
			path_of(fs, i->content.fd >= 0 ? i->content.fd : i->path_fd, path),
			(unsigned long long)diag->offset, diag->cause);
	return err;
}
