/* SPDX-License-Identifier: MIT */
/* What inode.c (the table) and inode_fd.c (the descriptors) share. Lock order:
   table_lock, fd_lock. */
#ifndef ALCMFS_INODE_STATE_H
#define ALCMFS_INODE_STATE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "inode.h"

/*
 * Take back lookups and children; an inode that nothing refers to then goes, and so on up
 * through its parents.
 */
void inode_let_go(struct fs *fs, struct inode *inode, uint64_t n_lookups,
	uint32_t n_children);

int inode_numbers_init(struct fs *fs);

/* Enter a number, or take it out; table_lock is held, as for the next three. */
void inode_number_add_locked(struct fs *fs, struct inode *inode);
void inode_number_remove_locked(struct fs *fs, struct inode *inode);
/* One more lookup: the inode isn't among those kept for file handles. */
void inode_refer_locked(struct fs *fs, struct inode *inode);
/* Keep an inode that nothing refers to. False: nobody may come back to it, so it can
   go. */
bool inode_keep_locked(struct fs *fs, struct inode *inode);
/* Take out the one kept longest if there are too many, else NULL. */
struct inode *inode_keep_no_more_locked(struct fs *fs);

/* Pin an inode that is about to be let go, and close its descriptors if nothing refers to
   it then. */
void inode_pin_closing(struct fs *fs, struct inode *inode);
void inode_unpin_closing(struct fs *fs, struct inode *inode);

/* Close and free what nothing can reach any more. */
void inode_destroy(struct fs *fs, struct inode *inode);

/* Take the inode out of the LRU; fd_lock held. */
void inode_lru_remove_locked(struct fs *fs, struct inode *inode);

/* Give the inode this descriptor if it has none (else close it). `linked`: it has a name
   by which it can be reopened. */
void inode_adopt_fd(struct fs *fs, struct inode *inode, int path_fd, bool linked);

#endif
