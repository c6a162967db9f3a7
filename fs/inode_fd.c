/* SPDX-License-Identifier: MIT */
/*
 * The inodes' descriptors: a bounded number is open, and the least recently used are
 * closed first.
 *
 *   pin ──► in use (not in the LRU) ──► unpin ──► LRU ──► evicted: content committed and
 *    ▲                                              │      closed, then the descriptor
 *    └── reopened by parent and name, checked ◄─────┘
 *
 * Evicting may commit a file, so it happens with no lock held, one inode at a time. The
 * limit is soft: inodes that are pinned, or that have no name to be reopened by, stay
 * open beyond it. No request fails because of it; the process's own limit is at least
 * twice as high (process_limits.c).
 *
 * An inode without a name can't be reopened. So unlink and rename pin the file before it
 * loses its name, and "sticky" turns that pin into one that lasts. Such a file's space is
 * freed when the kernel forgets it, which is a moment after unlink() returned.
 * inode_await_forgotten() makes a write that finds the store full wait for that.
 *
 * -ESTALE is the answer when the name leads to another file now. The kernel then looks
 * the path up again by itself, once, so users see it mostly for files that they have
 * open.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fd.h"
#include "inode.h"
#include "inode_state.h"

void inode_lru_remove_locked(struct fs *fs, struct inode *i)
{
	if (!i->listed)
		return;
	TAILQ_REMOVE(&fs->lru, i, in_lru);
	i->listed = false;
}

/* At the back: the front is evicted first. */
static void lru_append_locked(struct fs *fs, struct inode *i)
{
	TAILQ_INSERT_TAIL(&fs->lru, i, in_lru);
	i->listed = true;
}

void inode_count_fd(struct fs *fs, int change)
{
	WITH_LOCK(&fs->fd_lock);
	fs->n_fds += (unsigned)change;
}

/* Drop a pin. True: it was the last one of a doomed inode, which can be freed. A sticky
   inode's lasting pin doesn't count. */
static bool drop_pin_locked(struct inode *i)
{
	i->pins--;
	return i->doomed && i->pins == (i->sticky ? 1u : 0u);
}

/*
 * Drop the pin of an eviction. False: no further eviction is needed, or none would help.
 */
static bool end_eviction(struct fs *fs, struct inode *i)
{
	bool last, more;

	{
		WITH_LOCK(&fs->fd_lock);
		last = drop_pin_locked(i);
		/* An inode that couldn't be closed goes to the back of the queue, or this would
		   spin. */
		if (!last && !i->pins && i->path_fd >= 0)
			lru_append_locked(fs, i);
		more = fs->n_fds > fs->max_fds && (last || i->path_fd < 0);
	}
	if (last)
		inode_destroy(fs, i);
	return more;
}

/* Whether the eviction's pin is the only one. */
static bool is_alone(struct fs *fs, const struct inode *i)
{
	WITH_LOCK(&fs->fd_lock);
	return i->pins == 1;
}

/* Take the descriptor away; the caller closes it, and the next pin reopens it. -1: there
   is none. */
static int take_fd(struct fs *fs, struct inode *i)
{
	WITH_LOCK(&fs->fd_lock);

	int fd = i->pins == 1 ? i->path_fd : -1;

	if (fd < 0)
		return -1;
	i->path_fd = -1;
	fs->n_fds--;
	return fd;
}

/* Close the inode's descriptors, unless it was pinned in the meantime. */
static void close_unused(struct fs *fs, struct inode *i)
{
	fd_close(is_alone(fs, i) && fs->hooks->evict(fs, i) ? take_fd(fs, i) : -1);
}

/* Give the inode this descriptor, if it has none; fd_lock held. False: it has one. */
static bool give_fd_locked(struct fs *fs, struct inode *i, int fd)
{
	if (i->path_fd >= 0)
		return false;
	i->path_fd = fd;
	fs->n_fds++;
	return true;
}

/* Close everything that the least recently used inode has open, which commits it if it is
   dirty. No lock of any other file is held. False: there is none left. */
static bool evict_one(struct fs *fs)
{
	struct inode *i;

	lock_assert_free(LOCK_ANY);
	{
		WITH_LOCK(&fs->fd_lock);
		i = fs->n_fds > fs->max_fds ? TAILQ_FIRST(&fs->lru) : NULL;
		if (!i)
			return false;
		inode_lru_remove_locked(fs, i);
		i->pins++;
	}
	close_unused(fs, i);
	return end_eviction(fs, i);
}

/* Unlike inode_pin() it never reopens: the descriptors are about to be closed. */
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

/* Under table_lock no one can look up a kept inode, and earlier pins are gone. */
static void shrink(struct fs *fs, struct inode *i)
{
	WITH_LOCK(&fs->table_lock);
	if (i->kept && is_alone(fs, i))
		fs->hooks->kept(fs, i);
}

void inode_unpin_closing(struct fs *fs, struct inode *i)
{
	if (is_kept(fs, i)) {
		close_unused(fs, i);
		shrink(fs, i);
	}
	(void)end_eviction(fs, i);
}

/* Reopen an evicted inode by its parent and name. -ESTALE: that is another file now.
   Pinning the parent may reopen it in turn, and so on up to the root, whose descriptor is
   never closed. Two threads may reopen the same inode; the first to store its descriptor
   wins. */
static int reopen(struct fs *fs, struct inode *i)
{
	AUTO_FREE char *name = NULL;
	AUTO_CLOSE int fd = -1;
	struct inode *parent;
	struct file_id id;
	int dir, err;

	{
		WITH_LOCK(&fs->table_lock);
		parent = i->parent;
		name = i->name ? strdup(i->name) : NULL;
		if (!parent || !name)
			return -ESTALE;
		parent->n_children++; /* so it can't be freed in the meantime */
	}
	err = inode_pin(fs, parent, &dir);
	if (!err && (fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC)) < 0)
		err = errno == ENOENT ? -ESTALE : -errno;
	if (!err && (file_id_get(fd, &id) || !file_id_same(&i->id, &id)))
		err = -ESTALE;
	if (dir >= 0)
		inode_unpin_later(fs, parent);
	{
		WITH_LOCK(&fs->fd_lock);
		/* Unlink and rename open the file first, so the name may be gone but the
		   descriptor is set. */
		if (i->path_fd >= 0)
			err = 0;
		else if (!err && give_fd_locked(fs, i, fd))
			fd = -1;
	}
	inode_let_go(fs, parent, 0, 1);
	return err;
}

/* The pin is counted first: from then on no eviction takes the descriptor away. */
int inode_pin(struct fs *fs, struct inode *i, int *fd)
{
	int err = 0;
	bool closed;

	rest_end(fs);
	{
		WITH_LOCK(&fs->fd_lock);
		i->pins++;
		inode_lru_remove_locked(fs, i);
		closed = i->path_fd < 0;
	}
	if (closed)
		err = reopen(fs, i);
	*fd = -1;
	if (err)
		inode_unpin(fs, i);
	else
		*fd = i->path_fd;
	return err;
}

/* Drop a pin. True: more descriptors are open than allowed. */
static bool unpin(struct fs *fs, struct inode *i)
{
	bool last, over;

	{
		WITH_LOCK(&fs->fd_lock);
		last = drop_pin_locked(i);
		if (!last && !i->pins && i != fs->root)
			lru_append_locked(fs, i);
		over = fs->n_fds > fs->max_fds;
	}
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
	bool again;

	{
		WITH_LOCK(&fs->fd_lock);
		again = i->sticky;
		i->sticky = true;
		fs->n_nameless += !again;
	}
	if (again)
		inode_unpin(fs, i);
}

static uint64_t n_forgotten(struct fs *fs, unsigned *n_nameless)
{
	WITH_LOCK(&fs->fd_lock);
	*n_nameless = fs->n_nameless;
	return fs->n_forgotten;
}

uint64_t inode_n_forgotten(struct fs *fs)
{
	unsigned n_nameless;

	return n_forgotten(fs, &n_nameless);
}

/* Half a second is long for the kernel's FORGET and short for a program that is told
   ENOSPC. Without a nameless inode there is nothing to wait for. */
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

/* A nameless file that has got a name again (linkat() of an O_TMPFILE) can be reopened:
   its lasting pin becomes this one, which is dropped at the end. */
void inode_adopt_fd(struct fs *fs, struct inode *i, int path_fd, bool linked)
{
	{
		WITH_LOCK(&fs->fd_lock);
		if (give_fd_locked(fs, i, path_fd))
			path_fd = -1;
		if (!(i->sticky && linked)) {
			i->pins++;
		} else {
			i->sticky = false;
			fs->n_nameless--;
		}
		inode_lru_remove_locked(fs, i);
	}
	fd_close(path_fd);
	inode_unpin(fs, i);
}
