/* SPDX-License-Identifier: MIT */
/* Shared by inode.c (the table), inode_fd.c (the descriptors) and inode_kept.c. Lock
   order: table_lock, fd_lock. */
#ifndef ALCMFS_INODE_STATE_H
#define ALCMFS_INODE_STATE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "inode.h"

/* Take back lookups and children. An inode without any is freed or kept, and so on up
   through its parents. */
void inode_let_go(struct fs *fs, struct inode *inode, uint64_t n_lookups,
	uint32_t n_children);

int inode_numbers_init(struct fs *fs);

/* Add a number, or remove it; table_lock is held, as for the next three. */
void inode_number_add_locked(struct fs *fs, struct inode *inode);
void inode_number_remove_locked(struct fs *fs, struct inode *inode);
/* Count one more lookup: the inode is no longer among those kept for file handles. */
void inode_refer_locked(struct fs *fs, struct inode *inode);
/* Keep an inode that nothing refers to. False: no handle can lead back to it, so it can
   be freed. */
bool inode_keep_locked(struct fs *fs, struct inode *inode);
/* Remove and return the inode kept longest if there are too many, else NULL. */
struct inode *inode_keep_no_more_locked(struct fs *fs);

/* Pin an inode that is about to be forgotten; unpinning closes its descriptors if nothing
   refers to it. */
void inode_pin_closing(struct fs *fs, struct inode *inode);
void inode_unpin_closing(struct fs *fs, struct inode *inode);

/* Close and free an inode that nothing can reach any more. */
void inode_destroy(struct fs *fs, struct inode *inode);

/* Take the inode out of the LRU; fd_lock held. */
void inode_lru_remove_locked(struct fs *fs, struct inode *inode);

/* Give the inode this descriptor if it has none; otherwise close it. `linked`: it has a
   name by which it can be reopened. */
void inode_adopt_fd(struct fs *fs, struct inode *inode, int path_fd, bool linked);

#endif
