/* SPDX-License-Identifier: MIT */
/*
 * Inodes: the identity of a file of the store (file_id.h) → one object that kernel and handles
 * refer to. An inode keeps an O_PATH descriptor while it is in use; descriptors of inodes
 * not in use are a bounded LRU, and are opened again by parent and name, checked.
 */
#ifndef ALCMFS_INODE_H
#define ALCMFS_INODE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/lock.h"
#include "content.h"
#include "file_id.h"
#include "fs.h"

struct inode {
	struct file_id id; /* constant, as the next two */
	bool admin;        /* .alcm or below it */
	uint32_t generation;

	/* guarded by fs->table_lock */
	struct inode *next;   /* in its bucket */
	uint64_t n_lookups;   /* the kernel's */
	uint32_t n_children;  /* inodes whose parent this is */
	struct inode *parent; /* by the last name that was looked up; NULL: the root */
	char *name;
	bool hashed;
	struct inode *next_number; /* in the bucket of its number */
	struct inode *kept_prev, *kept_next;
	bool kept; /* nothing refers to it, but a file handle may name it (inode_kept.c) */

	/* guarded by fs->fd_lock */
	unsigned pins; /* > 0: descriptors stay open */
	bool sticky;   /* has lost its name: one pin is never given back */
	struct inode *lru_prev, *lru_next;
	bool in_lru;
	bool doomed; /* nothing refers to it; the last pin frees it */

	struct lock lock;   /* guards path_fd while nobody has a pin, and content->mtime */
	atomic_int path_fd; /* O_PATH; -1 = to be opened again; evictions look at it without lock */
	struct content content;
	struct notify_item notify;
	struct report_item report;
};

/* What those above do when inodes come and go: fs->hooks, set before the first inode is made. */
struct inode_hooks {
	void (*made)(struct fs *fs, struct inode *inode);
	/* It has lost its last name. */
	void (*nameless)(struct fs *fs, struct inode *inode);
	/* Close what is open of its content. False: it is in use. */
	bool (*evict)(struct fs *fs, struct inode *inode);
	/* It is about to be freed. */
	void (*gone)(struct fs *fs, struct inode *inode);
};

/* The inode behind a FUSE number. */
struct inode *inode_from(struct fs *fs, fuse_ino_t number);
fuse_ino_t inode_number(struct fs *fs, const struct inode *inode);

/* Set up the table with the store's root. 0 or a negative errno. */
int inode_table_init(struct fs *fs);
void inode_table_release(struct fs *fs);

/*
 * The inode of the file that `path_fd` (O_PATH; taken over, also on failure) refers to, found or
 * made, with one more lookup counted. `st` is filled. -ENOMEM or fstat's error.
 */
int inode_enter(struct fs *fs, struct inode *parent, const char *name, int path_fd,
	struct inode **out, struct stat *st);

/* One more lookup, for somebody other than the kernel. */
void inode_hold(struct fs *fs, struct inode *inode);

/*
 * Take back `n` lookups. When nothing refers to the inode any more, its descriptors are closed, and it
 * is kept for file handles, or freed.
 */
void inode_forget(struct fs *fs, struct inode *inode, uint64_t n);

/*
 * The inode that has, or once had, this number, or its parent, with one more lookup. The kernel asks
 * for what it forgot when somebody comes with a file handle. NULL: there is no such inode any more.
 */
struct inode *inode_by_number(struct fs *fs, fuse_ino_t number, bool parent);

/* Keep the inode's descriptors open until inode_unpin(). `*fd`: its O_PATH. -ESTALE. */
int inode_pin(struct fs *fs, struct inode *inode, int *fd);
void inode_unpin(struct fs *fs, struct inode *inode);

/* The same while the caller holds a lock: leaves closing what is too much to the next inode_unpin(). */
void inode_unpin_later(struct fs *fs, struct inode *inode);

/* Instead of inode_unpin(): the inode has no name by which it could be reopened, so its descriptors
   stay open until it gets one or is forgotten. */
void inode_keep_pinned(struct fs *fs, struct inode *inode);

/*
 * The space of a removed file comes back when the kernel forgets it, a moment after unlink()
 * returned. For an operation that ended with `err`, if that is a full store or quota: `seen` is what
 * inode_n_forgotten() said before it began; true, and `seen` anew, when such a file has gone since or goes within
 * half a second, so that another try may fit.
 */
uint64_t inode_n_forgotten(struct fs *fs);
bool inode_await_forgotten(struct fs *fs, ssize_t err, uint64_t *seen);

/* A store descriptor more or fewer is open besides those of the LRU. */
void inode_count_fd(struct fs *fs, int change);

/*
 * The inode that the kernel knows for parent/name, pinned, or NULL. Before a name is removed,
 * so that what loses its last name stays reachable.
 */
struct inode *inode_pin_by_name(struct fs *fs, int parent_fd, const char *name);

/* Give back what inode_pin_by_name() gave; `lost`: the inode has lost the name by which it could
   be reopened, so its descriptors stay open for as long as it lives. */
void inode_release_by_name(struct fs *fs, struct inode *inode, bool lost);

/* The inode's way below the root by the names that were looked up last; table_lock held. On the heap, NULL: no memory. */
char *inode_path_locked(const struct inode *inode);

/* The inode is now called parent/name. */
void inode_renamed(struct fs *fs, struct inode *inode, struct inode *parent, const char *name);

#endif
