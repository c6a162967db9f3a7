/* SPDX-License-Identifier: MIT */
/* What inode.c (the table) and inode_fd.c (the descriptors) share. Lock order: table_lock, an
   inode's lock, fd_lock. */
#ifndef ALCMFS_INODE_STATE_H
#define ALCMFS_INODE_STATE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "inode.h"

/*
 * Take back lookups and children; an inode that nothing refers to then goes, and so on up through
 * its parents.
 */
void inode_let_go(struct fs *fs, struct inode *inode, uint64_t n_lookups, uint32_t n_children);

/* Close and free what nothing can reach any more. */
void inode_destroy(struct fs *fs, struct inode *inode);

/* Take the inode out of the LRU; fd_lock held. */
void inode_lru_remove_locked(struct fs *fs, struct inode *inode);

/* Give the inode this descriptor if it has none (else close it). `linked`: it has a name by which
   it can be reopened. */
void inode_adopt_fd(struct fs *fs, struct inode *inode, int path_fd, bool linked);

#endif
