/* SPDX-License-Identifier: MIT */
/*
 * The table of inodes, by identity.
 *
 *   the kernel's lookups ─┐
 *   children in the table ─┼─► refer to an inode ──► none left: kept for file handles, or
 *   lists (idle, reports) ─┘                          buried: unhashed, then freed
 *
 * Four counts, each with its own meaning:
 *
 *   n_lookups   the kernel or a list knows the inode       table_lock
 *   n_children  inodes whose parent it is                  table_lock
 *   pins        its descriptors are in use                 fd_lock
 *   n_open      handles on its content                     content->io
 *
 * An entry that the kernel has counts as one lookup, and FORGET takes back many at once.
 * So each reply that may fail after inode_enter() must give its lookup back:
 * fuse_reply_entry() returns -ENOENT if the request was interrupted, and then no FORGET
 * will come.
 *
 * A child refers to its parent, because it is reopened by parent and name. Freeing one
 * may therefore free its parents, in a loop and not by recursion. Freeing closes files,
 * so it happens after table_lock is dropped; `dead` lists the inodes until then.
 *
 * Name and parent are those of the last lookup. They are a hint for reopening and for
 * messages: another process may rename the file in the store at any time, and the
 * identity decides whether the file found there is the same.
 */
#include "inode.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fd.h"
#include "inode_state.h"

enum { N_BUCKETS = 1 << 16 };

static struct inode_bucket *bucket(struct fs *fs, const struct file_id *id)
{
	return &fs->buckets[file_id_hash(id) % N_BUCKETS];
}

struct inode *inode_from(struct fs *fs, fuse_ino_t number)
{
	return number == FUSE_ROOT_ID ? fs->root : (struct inode *)(uintptr_t)number;
}

static struct inode *find_locked(struct fs *fs, const struct file_id *id)
{
	struct inode *i;

	SLIST_FOREACH (i, bucket(fs, id), in_bucket)
		if (file_id_same(&i->id, id))
			return i;
	return NULL;
}

static void unhash_locked(struct fs *fs, struct inode *i)
{
	SLIST_REMOVE(bucket(fs, &i->id), i, inode, in_bucket);
	i->hashed = false;
	fs->n_inodes--;
	inode_number_remove_locked(fs, i);
}

/* Set name and parent; returns the former parent, which the caller releases: it may have
   to be freed, and not under table_lock. `*name` is exchanged with the old name for the
   same reason. */
static struct inode *set_name_locked(struct inode *i, struct inode *parent, char **name)
{
	struct inode *before = i->parent;
	char *old = i->name;

	i->parent = parent;
	i->name = *name;
	*name = old;
	if (parent)
		parent->n_children++;
	return before;
}

/* `admin` is inherited and constant: through the mount nothing can be moved out of .alcm
   or into it (op_check_change()). */
static struct inode *make(struct fs *fs, const struct file_id *id, struct inode *parent,
	const char *name)
{
	struct inode *i = calloc(1, sizeof(*i));

	if (!i)
		return NULL;
	i->id = *id;
	i->admin = parent &&
		(parent->admin || (parent == fs->root && strcmp(name, ADMIN_NAME) == 0));
	i->generation = ++fs->last_generation;
	i->path_fd = -1;
	return i;
}

void inode_destroy(struct fs *fs, struct inode *i)
{
	fs->hooks->gone(fs, i);
	if (i->path_fd >= 0) {
		close(i->path_fd);
		inode_count_fd(fs, -1);
	}
	if (i->sticky) {
		WITH_LOCK(&fs->fd_lock);
		fs->n_nameless--;
		fs->n_forgotten++;
	}
	free(i->name);
	free(i);
}

/* Nothing refers to the inode any more: free it, or leave that to an eviction that has it
   pinned. */
static void retire(struct fs *fs, struct inode *i)
{
	{
		WITH_LOCK(&fs->fd_lock);
		inode_lru_remove_locked(fs, i);
		i->doomed = i->pins > (i->sticky ? 1u : 0u);
		if (i->doomed)
			return;
	}
	inode_destroy(fs, i);
}

/* Unhash an inode and list it as dead. Under the same lock, so only one thread finds it
   dead. Returns its parent. */
static struct inode *bury_locked(struct fs *fs, struct inode *i,
	struct inode_bucket *dead)
{
	if (i->hashed)
		unhash_locked(fs, i);
	SLIST_INSERT_HEAD(dead, i, in_bucket);
	return i->parent;
}

/* Up through the parents: a buried child is one less for its parent. */
static void let_go_locked(struct fs *fs, struct inode *i, uint64_t n_lookups,
	uint32_t n_children, struct inode_bucket *dead)
{
	while (i) {
		i->n_lookups -= n_lookups < i->n_lookups ? n_lookups : i->n_lookups;
		i->n_children -= n_children;
		if (i == fs->root || i->n_lookups || i->n_children || inode_keep_locked(fs, i))
			return;
		i = bury_locked(fs, i, dead);
		n_lookups = 0;
		n_children = 1;
	}
}

void inode_let_go(struct fs *fs, struct inode *i, uint64_t n_lookups, uint32_t n_children)
{
	struct inode_bucket dead = SLIST_HEAD_INITIALIZER(dead);

	{
		WITH_LOCK(&fs->table_lock);
		let_go_locked(fs, i, n_lookups, n_children, &dead);
		while ((i = inode_keep_no_more_locked(fs)))
			let_go_locked(fs, bury_locked(fs, i, &dead), 0, 1, &dead);
	}
	while ((i = SLIST_FIRST(&dead))) {
		SLIST_REMOVE_HEAD(&dead, in_bucket);
		retire(fs, i);
	}
}

/* The table's inode for `id`, or `*fresh` (NULL then); with one more lookup and this
   name. `*fresh` is made beforehand, since malloc() may be slow under a lock that all
   lookups need. */
static struct inode *enter_table(struct fs *fs, const struct file_id *id,
	struct inode *parent, char **name, struct inode **fresh)
{
	struct inode *before = NULL, *i;

	{
		WITH_LOCK(&fs->table_lock);
		i = find_locked(fs, id);
		if (!i) {
			i = *fresh;
			*fresh = NULL;
			SLIST_INSERT_HEAD(bucket(fs, id), i, in_bucket);
			i->hashed = true;
			fs->n_inodes++;
			inode_number_add_locked(fs, i);
		}
		inode_refer_locked(fs, i);
		if (i != fs->root &&
			(i->parent != parent || !i->name || strcmp(i->name, *name) != 0))
			before = set_name_locked(i, parent, name);
	}
	if (before)
		inode_let_go(fs, before, 0, 1);
	return i;
}

/* The identity comes from the descriptor, not from the name: between the two another file
   may have taken the name. */
int inode_enter(struct fs *fs, struct inode *parent, const char *name, int path_fd,
	struct inode **out, struct stat *st)
{
	AUTO_FREE char *copy = strdup(name);
	AUTO_CLOSE int fd = path_fd;
	struct inode *fresh;
	struct file_id id;
	int err = copy ? or_errno(fstatat(fd, "", st, AT_EMPTY_PATH)) : -ENOMEM;

	err = err ?: file_id_get(fd, &id);
	if (err)
		return err;
	fresh = make(fs, &id, parent, name);
	if (!fresh)
		return -ENOMEM;
	*out = enter_table(fs, &id, parent, &copy, &fresh);
	if (fresh)
		inode_destroy(fs, fresh);
	inode_adopt_fd(fs, *out, fd_steal(&fd), st->st_nlink > 0);
	return 0;
}

void inode_hold(struct fs *fs, struct inode *i)
{
	WITH_LOCK(&fs->table_lock);
	inode_refer_locked(fs, i);
}

/* The pin keeps the inode alive across inode_let_go(), so that its descriptors can be
   closed after table_lock is dropped. */
void inode_forget(struct fs *fs, struct inode *i, uint64_t n)
{
	rest_end(fs);
	inode_pin_closing(fs, i);
	inode_let_go(fs, i, n, 0);
	inode_unpin_closing(fs, i);
}

struct inode *inode_pin_by_name(struct fs *fs, int parent_fd, const char *name)
{
	AUTO_CLOSE int fd = openat(parent_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct inode *i;
	struct file_id id;
	int pinned;

	if (fd < 0 || file_id_get(fd, &id))
		return NULL;
	{
		WITH_LOCK(&fs->table_lock);
		i = find_locked(fs, &id);
		if (!i)
			return NULL;
		inode_refer_locked(fs, i); /* it must not be freed before it is pinned */
	}
	if (!inode_pin(fs, i, &pinned))
		return i;
	inode_forget(fs, i, 1);
	return NULL;
}

void inode_release_by_name(struct fs *fs, struct inode *i, bool keep_pin)
{
	if (keep_pin) {
		fs->hooks->nameless(fs, i);
		inode_keep_pinned(fs, i);
	} else {
		inode_unpin(fs, i);
	}
	inode_forget(fs, i, 1);
}

/* Without memory the old name stays. Then a reopening fails with ESTALE until the next
   lookup, which sets the name. */
void inode_renamed(struct fs *fs, struct inode *i, struct inode *parent, const char *name)
{
	AUTO_FREE char *copy = strdup(name);
	struct inode *before;

	if (!copy)
		return;
	{
		WITH_LOCK(&fs->table_lock);
		before = set_name_locked(i, parent, &copy);
	}
	if (before)
		inode_let_go(fs, before, 0, 1);
}

/* From the end to the front, as only parents are known; an unknown name shows as "". */
char *inode_path_locked(const struct inode *i)
{
	char *path = strdup(i->name ? i->name : "");

	for (const struct inode *up = i->parent; path && up && up->parent; up = up->parent) {
		char *longer = NULL;

		if (asprintf(&longer, "%s/%s", up->name ? up->name : "", path) < 0)
			longer = NULL;
		free(path);
		path = longer;
	}
	return path;
}

int inode_table_init(struct fs *fs)
{
	struct file_id id;
	int err;

	lock_init(&fs->table_lock, LOCK_TABLE);
	lock_init(&fs->unopened_lock, LOCK_INODE);
	TAILQ_INIT(&fs->kept);
	TAILQ_INIT(&fs->lru);
	lock_init(&fs->scheduler_lock, LOCK_SCHEDULER);
	lock_init(&fs->fd_lock, LOCK_FD);
	lock_init(&fs->dirs_lock, LOCK_QUEUE);
	fs->n_inodes = 1;
	fs->buckets = calloc(N_BUCKETS, sizeof(*fs->buckets));
	if (!fs->buckets)
		return -ENOMEM;
	err = inode_numbers_init(fs) ?: file_id_get(fs->store_fd, &id);
	if (err)
		return err;
	fs->root = make(fs, &id, NULL, "");
	if (!fs->root)
		return -ENOMEM;
	fs->root->path_fd = fs->store_fd;
	fs->root->pins = 1;
	fs->root->n_lookups = 2;
	fs->root->hashed = true;
	SLIST_INSERT_HEAD(bucket(fs, &id), fs->root, in_bucket);
	return 0;
}

void inode_table_release(struct fs *fs)
{
	for (unsigned b = 0; fs->buckets && b < N_BUCKETS; b++) {
		struct inode *i;

		while ((i = SLIST_FIRST(&fs->buckets[b]))) {
			SLIST_REMOVE_HEAD(&fs->buckets[b], in_bucket);
			if (i != fs->root)
				inode_destroy(fs, i);
		}
	}
	free(fs->buckets);
	free(fs->numbers);
	fs->buckets = NULL;
	fs->numbers = NULL;
	if (fs->root) {
		fs->root->path_fd = -1;
		inode_destroy(fs, fs->root);
	}
}
