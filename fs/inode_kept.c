/* SPDX-License-Identifier: MIT */
/*
 * Inodes by number, for file handles (name_to_handle_at, NFS servers). A handle refers to
 * an inode even after the kernel forgot it. So an inode that nothing refers to is kept,
 * with its files closed, until there are too many.
 *
 *   the kernel forgets ──► kept, oldest first ──► looked up by number: referred to again
 *                                └──────────────► too many: freed; the handle is stale
 *
 * A handle holds number and generation. The number is the inode's address, which malloc()
 * may give to another inode later. Each inode has a generation of its own, so the kernel
 * tells the two apart and answers ESTALE. numbers[] exists because a number from a handle
 * must not be used as an address before it is known to be one.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#include "inode.h"
#include "inode_state.h"

enum { N_BUCKETS = 1 << 16 };

/* Fibonacci hashing: the upper 16 bits of the product number the 1 << 16 buckets. The low
   bits of an address are all zero. */
static struct inode_bucket *bucket(struct fs *fs, fuse_ino_t number)
{
	return &fs->numbers[(uint64_t)number * 0x9e3779b97f4a7c15U >> 48];
}

fuse_ino_t inode_number(struct fs *fs, const struct inode *inode)
{
	return inode == fs->root ? FUSE_ROOT_ID : (fuse_ino_t)(uintptr_t)inode;
}

int inode_numbers_init(struct fs *fs)
{
	unsigned first = 0;

	/* Numbers are reused, also by the store's next mount; the generation tells them
	   apart. */
	(void)!getrandom(&first, sizeof(first), GRND_NONBLOCK);
	fs->last_generation = first;
	fs->numbers = calloc(N_BUCKETS, sizeof(*fs->numbers));
	return fs->numbers ? 0 : -ENOMEM;
}

void inode_number_add_locked(struct fs *fs, struct inode *i)
{
	SLIST_INSERT_HEAD(bucket(fs, inode_number(fs, i)), i, in_numbers);
}

void inode_number_remove_locked(struct fs *fs, struct inode *i)
{
	SLIST_REMOVE(bucket(fs, inode_number(fs, i)), i, inode, in_numbers);
}

struct inode *inode_by_number(struct fs *fs, fuse_ino_t number, bool parent)
{
	WITH_LOCK(&fs->table_lock);

	struct inode *i = number == FUSE_ROOT_ID ? fs->root : SLIST_FIRST(bucket(fs, number));

	/* The number may be the address of an inode that was freed. */
	while (i && inode_number(fs, i) != number)
		i = SLIST_NEXT(i, in_numbers);
	if (i && parent)
		i = i->parent;
	if (i)
		inode_refer_locked(fs, i);
	return i;
}

/* ---- those kept -------------------------------------------------------------------- */

static void unkeep_locked(struct fs *fs, struct inode *i)
{
	TAILQ_REMOVE(&fs->kept, i, in_kept);
	i->kept = false;
	fs->n_kept--;
}

void inode_refer_locked(struct fs *fs, struct inode *i)
{
	if (i->kept)
		unkeep_locked(fs, i);
	i->n_lookups++;
}

/* Whether a handle may lead back to the inode. Not for removed files, whose space must be
   freed, nor for reports and counters, which are made at each opening. */
static bool may_come_back(struct fs *fs, const struct inode *i)
{
	if (!i->hashed || i->admin || file_id_is_weak(&i->id))
		return false;
	WITH_LOCK(&fs->fd_lock);
	return !i->sticky;
}

bool inode_keep_locked(struct fs *fs, struct inode *i)
{
	if (i->kept)
		return true;
	if (!may_come_back(fs, i))
		return false;
	TAILQ_INSERT_TAIL(&fs->kept, i, in_kept);
	i->kept = true;
	fs->n_kept++;
	return true;
}

struct inode *inode_keep_no_more_locked(struct fs *fs)
{
	struct inode *i = fs->n_kept > fs->max_kept ? TAILQ_FIRST(&fs->kept) : NULL;

	if (i)
		unkeep_locked(fs, i);
	return i;
}
