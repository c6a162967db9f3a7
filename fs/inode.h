/* SPDX-License-Identifier: MIT */
/*
 * Inodes: each identity of a file in the store (file_id.h) has one object, to which
 * kernel and handles refer. An inode keeps an O_PATH descriptor while it is in use.
 * Descriptors of unused inodes are a bounded LRU. A closed one is reopened by parent and
 * name, and checked.
 */
#ifndef ALCMFS_INODE_H
#define ALCMFS_INODE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "file_id.h"
#include "fs.h"

struct content;

/* The attributes that the kernel was told of a regular file that isn't open. Guarded by
   content->lock, or by fs->unopened_lock while there is no content. */
struct told {
	int64_t ctime_sec; /* ctime and bytes of the file when it was examined */
	int64_t bytes;
	uint64_t blob_size; /* logical size, if it was a blob */
	uint32_t ctime_nsec;
	/* Used also when it isn't current, if the store can't be read for a moment: with a
	   smaller size the kernel would zero pages that it has. */
	bool is_blob;
	bool current; /* right while ctime and bytes are the store's */
	bool failed;  /* the last examination failed, so this may be wrong */
};

struct inode {
	struct file_id id; /* constant, like the next two */
	uint32_t generation;
	bool admin; /* .alcm or below it */

	/* guarded by fs->table_lock */
	bool hashed;
	bool kept;            /* nothing refers to it, but a file handle may (inode_kept.c) */
	uint32_t n_children;  /* inodes whose parent this is */
	uint64_t n_lookups;   /* the kernel's */
	struct inode *parent; /* by the last name that was looked up; NULL: the root */
	char *name;
	SLIST_ENTRY(inode) in_bucket, in_numbers;
	TAILQ_ENTRY(inode) in_kept;

	/* guarded by fs->fd_lock */
	TAILQ_ENTRY(inode) in_lru;
	unsigned pins; /* > 0: descriptors stay open */
	/* O_PATH; -1: to be reopened; constant while the inode is pinned */
	atomic_int path_fd;
	bool listed; /* in the LRU */
	bool sticky; /* has lost its name: one pin is kept for good */
	bool doomed; /* nothing refers to it; the last pin frees it */

	struct told told;
	/*
	 * NULL: never opened. Made by content_get(), freed when nothing refers to the inode.
	 */
	struct content *_Atomic content;
};

/* A mount may know millions of files that it never opens: 192 bytes each with malloc's
   overhead, plus the name. */
_Static_assert(sizeof(struct inode) <= 184, "a mere lookup costs little");

/* The calls upwards in an inode's life: fs->hooks, set before the first inode is made. */
struct inode_hooks {
	/* It has lost its last name. */
	void (*nameless)(struct fs *fs, struct inode *inode);
	/* Close its content. False: it is in use. */
	bool (*evict)(struct fs *fs, struct inode *inode);
	/* Nothing refers to it, but it may come back: keep only what must be remembered.
	   table_lock held. */
	void (*kept)(struct fs *fs, struct inode *inode);
	/* It is about to be freed. */
	void (*gone)(struct fs *fs, struct inode *inode);
};

/* The inode behind a FUSE number. */
struct inode *inode_from(struct fs *fs, fuse_ino_t number);
fuse_ino_t inode_number(struct fs *fs, const struct inode *inode);

/* Set up the table with the store's root. 0 or a negative errno. */
int inode_table_init(struct fs *fs);
void inode_table_release(struct fs *fs);

/* Find or make the inode of the file `path_fd` (O_PATH; taken over, also on failure), and
   count one more lookup. `st` is filled. -ENOMEM or fstat's error. */
int inode_enter(struct fs *fs, struct inode *parent, const char *name, int path_fd,
	struct inode **out, struct stat *st);

/* Count one more lookup, for a user other than the kernel. */
void inode_hold(struct fs *fs, struct inode *inode);

/* Take back `n` lookups. When nothing refers to the inode any more, its descriptors are
   closed, and it is kept for file handles or freed. */
void inode_forget(struct fs *fs, struct inode *inode, uint64_t n);

/*
 * The inode that has this number, also after the kernel forgot it, or its parent, with
 * one more lookup. The kernel asks for it when it is given a file handle. NULL: there is
 * no such inode any more.
 */
struct inode *inode_by_number(struct fs *fs, fuse_ino_t number, bool parent);

/* Keep the inode's descriptors open until inode_unpin(). `*fd`: its O_PATH. -ESTALE. */
int inode_pin(struct fs *fs, struct inode *inode, int *fd);
void inode_unpin(struct fs *fs, struct inode *inode);

/* The same while the caller holds a lock: the next inode_unpin() closes descriptors
   beyond the limit. */
void inode_unpin_later(struct fs *fs, struct inode *inode);

/* Instead of inode_unpin(): the inode has no name by which it could be reopened, so its
   descriptors stay open until it gets one or is forgotten. */
void inode_keep_pinned(struct fs *fs, struct inode *inode);

/*
 * The space of a removed file is freed when the kernel forgets it, a moment after
 * unlink() returned. inode_await_forgotten() is for an operation that ended with `err`,
 * if that is a full store or quota. `seen` is the result of inode_n_forgotten() before
 * the operation. True, with `seen` updated: such a file was freed since, or within half a
 * second, so another try may fit.
 */
uint64_t inode_n_forgotten(struct fs *fs);
bool inode_await_forgotten(struct fs *fs, ssize_t err, uint64_t *seen);

/* Count descriptors of the store that are open besides those of the LRU. */
void inode_count_fd(struct fs *fs, int change);

/* The inode that the kernel knows for parent/name, pinned, or NULL. Called before a name
   is removed, so that an inode that loses its last name stays reachable. */
struct inode *inode_pin_by_name(struct fs *fs, int parent_fd, const char *name);

/* Release the inode of inode_pin_by_name(). `lost`: it has lost the name by which it
   could be reopened, so its descriptors stay open for its lifetime. */
void inode_release_by_name(struct fs *fs, struct inode *inode, bool lost);

/* The inode's path below the root, by the names that were looked up last; table_lock
   held. On the heap; NULL: no memory. */
char *inode_path_locked(const struct inode *inode);

/* The inode is now called parent/name. */
void inode_renamed(struct fs *fs, struct inode *inode, struct inode *parent,
	const char *name);

#endif
