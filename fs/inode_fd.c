/* SPDX-License-Identifier: MIT */
/* The inodes' descriptors: a bounded number open, those used longest ago closed first. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "inode.h"
#include "inode_state.h"

void inode_lru_remove_locked(struct fs *fs, struct inode *i)
{
	if (!i->in_lru)
		return;
	*(i->lru_prev ? &i->lru_prev->lru_next : &fs->lru_first) = i->lru_next;
	*(i->lru_next ? &i->lru_next->lru_prev : &fs->lru_last) = i->lru_prev;
	i->in_lru = false;
}

static void lru_append_locked(struct fs *fs, struct inode *i)
{
	i->lru_next = NULL;
	i->lru_prev = fs->lru_last;
	*(fs->lru_last ? &fs->lru_last->lru_next : &fs->lru_first) = i;
	fs->lru_last = i;
	i->in_lru = true;
}

void inode_count_fd(struct fs *fs, int change)
{
	lock_take(&fs->fd_lock);
	fs->n_fds += (unsigned)change;
	lock_drop(&fs->fd_lock);
}

/* Give back the pin that an eviction has. False: no further eviction is needed, or none would help. */
static bool end_eviction(struct fs *fs, struct inode *i)
{
	bool last, more;

	lock_take(&fs->fd_lock);
	i->pins--;
	last = i->doomed && i->pins == (i->sticky ? 1u : 0u);
	/* What could not be closed goes to the back of the queue, or this would spin. */
	if (!last && !i->pins && i->path_fd >= 0)
		lru_append_locked(fs, i);
	more = fs->n_fds > fs->max_fds && (last || i->path_fd < 0);
	lock_drop(&fs->fd_lock);
	if (last)
		inode_destroy(fs, i);
	return more;
}

/* Whether only the eviction has the inode pinned. */
static bool is_alone(struct fs *fs, const struct inode *i)
{
	WITH_LOCK(&fs->fd_lock);
	return i->pins == 1;
}

/* Close the inode's descriptors, unless somebody has pinned it meanwhile. */
static void close_unused(struct fs *fs, struct inode *i)
{
	if (!is_alone(fs, i) || !fs->hooks->evict(fs, i))
		return;
	WITH_LOCK(&i->lock);
	/* One who pins it later waits for the inode's lock, and finds it closed. */
	if (!is_alone(fs, i) || i->path_fd < 0)
		return;
	close(i->path_fd);
	i->path_fd = -1;
	inode_count_fd(fs, -1);
}

/*
 * Close what the inode that was used longest ago has open, which commits it if it is dirty: no lock of any
 * file is held meanwhile but its own. False: there is none left.
 */
static bool evict_one(struct fs *fs)
{
	lock_assert_free(LOCK_ANY);
	lock_take(&fs->fd_lock);

	struct inode *i = fs->n_fds > fs->max_fds ? fs->lru_first : NULL;

	if (i) {
		inode_lru_remove_locked(fs, i);
		i->pins++;
	}
	lock_drop(&fs->fd_lock);
	if (!i)
		return false;
	close_unused(fs, i);
	return end_eviction(fs, i);
}

void inode_pin_closing(struct fs *fs, struct inode *i)
{
	WITH_LOCK(&fs->fd_lock);
	i->pins++;
	inode_lru_remove_locked(fs, i);
}

static bool is_kept(struct fs *fs, const struct inode *i)
{
	WITH_LOCK(&fs->table_lock);
	return i->kept;
}

void inode_unpin_closing(struct fs *fs, struct inode *i)
{
	if (is_kept(fs, i))
		close_unused(fs, i);
	(void)end_eviction(fs, i);
}

/* Open an evicted inode again by its parent and name. */
static int reopen(struct fs *fs, struct inode *i)
{
	struct inode *parent;
	struct file_id id;
	char *name;
	int dir, fd, err;

	lock_take(&fs->table_lock);
	parent = i->parent;
	name = i->name ? strdup(i->name) : NULL;
	if (parent)
		parent->n_children++; /* it can't be freed meanwhile */
	lock_drop(&fs->table_lock);
	if (!parent || !name) {
		free(name);
		return -ESTALE;
	}
	err = inode_pin(fs, parent, &dir);
	fd = err ? -1 : openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (!err && fd < 0)
		err = errno == ENOENT ? -ESTALE : -errno;
	if (!err && (file_id_get(fd, &id) || !file_id_same(&i->id, &id)))
		err = -ESTALE;
	if (dir >= 0)
		inode_unpin_later(fs, parent);
	lock_take(&i->lock);
	/* Who removes or renames a file opens it first: then the name is gone, the descriptor there. */
	if (i->path_fd >= 0) {
		err = 0;
	} else if (!err) {
		i->path_fd = fd;
		fd = -1;
		inode_count_fd(fs, 1);
	}
	lock_drop(&i->lock);
	if (fd >= 0)
		close(fd);
	free(name);
	inode_let_go(fs, parent, 0, 1);
	return err;
}

int inode_pin(struct fs *fs, struct inode *i, int *fd)
{
	int err = 0;

	rest_end(fs);
	lock_take(&fs->fd_lock);
	i->pins++;
	inode_lru_remove_locked(fs, i);
	lock_drop(&fs->fd_lock);
	lock_take(&i->lock);

	bool closed = i->path_fd < 0;

	lock_drop(&i->lock);
	if (closed)
		err = reopen(fs, i);
	*fd = -1;
	if (err)
		inode_unpin(fs, i);
	else
		*fd = i->path_fd;
	return err;
}

/* True: more descriptors are open than should be. */
static bool unpin(struct fs *fs, struct inode *i)
{
	bool last, over;

	lock_take(&fs->fd_lock);
	i->pins--;
	last = i->doomed && i->pins == (i->sticky ? 1u : 0u);
	if (!last && !i->pins && i != fs->root)
		lru_append_locked(fs, i);
	over = fs->n_fds > fs->max_fds;
	lock_drop(&fs->fd_lock);
	if (last)
		inode_destroy(fs, i);
	return over;
}

void inode_unpin(struct fs *fs, struct inode *i)
{
	bool over = unpin(fs, i);

	while (over)
		over = evict_one(fs);
}

void inode_unpin_later(struct fs *fs, struct inode *i)
{
	(void)unpin(fs, i);
}

void inode_keep_pinned(struct fs *fs, struct inode *i)
{
	lock_take(&fs->fd_lock);

	bool again = i->sticky;

	i->sticky = true;
	fs->n_nameless += !again;
	lock_drop(&fs->fd_lock);
	if (again)
		inode_unpin(fs, i);
}

static uint64_t n_forgotten(struct fs *fs, unsigned *n_nameless)
{
	lock_take(&fs->fd_lock);

	uint64_t n = fs->n_forgotten;

	*n_nameless = fs->n_nameless;
	lock_drop(&fs->fd_lock);
	return n;
}

uint64_t inode_n_forgotten(struct fs *fs)
{
	unsigned n_nameless;

	return n_forgotten(fs, &n_nameless);
}

bool inode_await_forgotten(struct fs *fs, ssize_t err, uint64_t *seen)
{
	enum { TRIES = 100, PAUSE_US = 5 * 1000 };
	bool full = err == -ENOSPC || err == -EDQUOT;

	for (int k = 0; full && k < TRIES; k++) {
		unsigned n_nameless;
		uint64_t n = n_forgotten(fs, &n_nameless);

		if (n != *seen) {
			*seen = n;
			return true;
		}
		if (!n_nameless)
			break;
		usleep(PAUSE_US);
	}
	return false;
}

void inode_adopt_fd(struct fs *fs, struct inode *i, int path_fd, bool linked)
{
	lock_take(&i->lock);
	if (i->path_fd < 0) {
		i->path_fd = path_fd;
		path_fd = -1;
		inode_count_fd(fs, 1);
	}
	lock_drop(&i->lock);
	if (path_fd >= 0)
		close(path_fd);

	lock_take(&fs->fd_lock);
	if (!(i->sticky && linked)) {
		i->pins++;
	} else {
		i->sticky = false;
		fs->n_nameless--;
	}
	inode_lru_remove_locked(fs, i);
	lock_drop(&fs->fd_lock);
	inode_unpin(fs, i);
}
