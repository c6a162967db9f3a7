/* SPDX-License-Identifier: MIT */
/*
 * Inodes by number, for file handles (name_to_handle_at, NFS servers): these name an inode also after
 * the kernel forgot it. So an inode that nothing refers to is kept, closed, until too many are.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#include "inode.h"
#include "inode_state.h"

enum { N_BUCKETS = 1 << 16 };

static struct inode **bucket(struct fs *fs, fuse_ino_t number)
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

	/* Numbers come again, also in the store's next mount; then the generation tells them apart. */
	(void)!getrandom(&first, sizeof(first), GRND_NONBLOCK);
	fs->last_generation = first;
	fs->numbers = calloc(N_BUCKETS, sizeof(struct inode *));
	return fs->numbers ? 0 : -ENOMEM;
}

void inode_number_add_locked(struct fs *fs, struct inode *i)
{
	struct inode **at = bucket(fs, inode_number(fs, i));

	i->next_number = *at;
	*at = i;
}

void inode_number_remove_locked(struct fs *fs, struct inode *i)
{
	struct inode **at = bucket(fs, inode_number(fs, i));

	while (*at && *at != i)
		at = &(*at)->next_number;
	if (*at)
		*at = i->next_number;
}

struct inode *inode_by_number(struct fs *fs, fuse_ino_t number, bool parent)
{
	WITH_LOCK(&fs->table_lock);

	struct inode *i = number == FUSE_ROOT_ID ? fs->root : *bucket(fs, number);

	/* The number may be an address where no inode lies any more. */
	while (i && inode_number(fs, i) != number)
		i = i->next_number;
	if (i && parent)
		i = i->parent;
	if (i)
		inode_refer_locked(fs, i);
	return i;
}

/* ---- those kept --------------------------------------------------------------------------------- */

static void unkeep_locked(struct fs *fs, struct inode *i)
{
	*(i->kept_prev ? &i->kept_prev->kept_next : &fs->kept_first) = i->kept_next;
	*(i->kept_next ? &i->kept_next->kept_prev : &fs->kept_last) = i->kept_prev;
	i->kept = false;
	fs->n_kept--;
}

void inode_refer_locked(struct fs *fs, struct inode *i)
{
	if (i->kept)
		unkeep_locked(fs, i);
	i->n_lookups++;
}

/* A removed file's space is to come back; reports and counters are made for each opening. */
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
	i->kept_next = NULL;
	i->kept_prev = fs->kept_last;
	*(fs->kept_last ? &fs->kept_last->kept_next : &fs->kept_first) = i;
	fs->kept_last = i;
	i->kept = true;
	fs->n_kept++;
	return true;
}

struct inode *inode_keep_no_more_locked(struct fs *fs)
{
	struct inode *i = fs->n_kept > fs->max_kept ? fs->kept_first : NULL;

	if (i)
		unkeep_locked(fs, i);
	return i;
}
