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
	pthread_mutex_lock(&fs->fd_lock);
	fs->n_fds += (unsigned)change;
	pthread_mutex_unlock(&fs->fd_lock);
}

/* Close what the inode that was used longest ago has open. False: there is none left. */
static bool evict_one(struct fs *fs)
{
	pthread_mutex_lock(&fs->fd_lock);

	struct inode *i = fs->n_fds > fs->max_fds ? fs->lru_first : NULL;

	if (i) {
		inode_lru_remove_locked(fs, i);
		i->pins++;
	}
	pthread_mutex_unlock(&fs->fd_lock);
	if (!i)
		return false;

	/* Somebody may pin it meanwhile; that one waits for the lock, or is seen here. */
	pthread_mutex_lock(&i->lock);
	pthread_mutex_lock(&fs->fd_lock);

	bool alone = i->pins == 1;

	pthread_mutex_unlock(&fs->fd_lock);
	if (alone && content_evict(fs, i) && i->path_fd >= 0) {
		close(i->path_fd);
		i->path_fd = -1;
		inode_count_fd(fs, -1);
	}
	pthread_mutex_unlock(&i->lock);

	pthread_mutex_lock(&fs->fd_lock);
	i->pins--;
	if (i->doomed && i->pins == (i->sticky ? 1u : 0u)) {
		pthread_mutex_unlock(&fs->fd_lock);
		inode_destroy(fs, i);
		return true;
	}
	/* What could not be closed goes to the back of the queue, or this would spin. */
	if (!i->pins && i->path_fd >= 0)
		lru_append_locked(fs, i);

	bool more = fs->n_fds > fs->max_fds && alone && i->path_fd < 0;

	pthread_mutex_unlock(&fs->fd_lock);
	return more;
}

/* Open an evicted inode again by its parent and name. */
static int reopen(struct fs *fs, struct inode *i)
{
	struct inode *parent;
	struct file_id id;
	char *name;
	int dir, fd, err;

	pthread_mutex_lock(&fs->table_lock);
	parent = i->parent;
	name = i->name ? strdup(i->name) : NULL;
	if (parent)
		parent->n_children++; /* it can't be freed meanwhile */
	pthread_mutex_unlock(&fs->table_lock);
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
		inode_unpin(fs, parent);
	pthread_mutex_lock(&i->lock);
	/* Who removes or renames a file opens it first: then the name is gone, the descriptor there. */
	if (i->path_fd >= 0) {
		err = 0;
	} else if (!err) {
		i->path_fd = fd;
		fd = -1;
		inode_count_fd(fs, 1);
	}
	pthread_mutex_unlock(&i->lock);
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
	pthread_mutex_lock(&fs->fd_lock);
	i->pins++;
	inode_lru_remove_locked(fs, i);
	pthread_mutex_unlock(&fs->fd_lock);
	pthread_mutex_lock(&i->lock);

	bool closed = i->path_fd < 0;

	pthread_mutex_unlock(&i->lock);
	if (closed)
		err = reopen(fs, i);
	*fd = -1;
	if (err)
		inode_unpin(fs, i);
	else
		*fd = i->path_fd;
	return err;
}

void inode_unpin(struct fs *fs, struct inode *i)
{
	pthread_mutex_lock(&fs->fd_lock);
	i->pins--;

	bool last = i->doomed && i->pins == (i->sticky ? 1u : 0u);

	if (!last && !i->pins && i != fs->root)
		lru_append_locked(fs, i);

	bool over = fs->n_fds > fs->max_fds;

	pthread_mutex_unlock(&fs->fd_lock);
	if (last)
		inode_destroy(fs, i);
	while (over)
		over = evict_one(fs);
}

void inode_keep_pinned(struct fs *fs, struct inode *i)
{
	pthread_mutex_lock(&fs->fd_lock);

	bool again = i->sticky;

	i->sticky = true;
	fs->n_nameless += !again;
	pthread_mutex_unlock(&fs->fd_lock);
	if (again)
		inode_unpin(fs, i);
}

static uint64_t n_forgotten(struct fs *fs, unsigned *n_nameless)
{
	pthread_mutex_lock(&fs->fd_lock);

	uint64_t n = fs->n_forgotten;

	*n_nameless = fs->n_nameless;
	pthread_mutex_unlock(&fs->fd_lock);
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
	pthread_mutex_lock(&i->lock);
	if (i->path_fd < 0) {
		i->path_fd = path_fd;
		path_fd = -1;
		inode_count_fd(fs, 1);
	}
	pthread_mutex_unlock(&i->lock);
	if (path_fd >= 0)
		close(path_fd);

	pthread_mutex_lock(&fs->fd_lock);
	if (!(i->sticky && linked)) {
		i->pins++;
	} else {
		i->sticky = false;
		fs->n_nameless--;
	}
	inode_lru_remove_locked(fs, i);
	pthread_mutex_unlock(&fs->fd_lock);
	inode_unpin(fs, i);
}
