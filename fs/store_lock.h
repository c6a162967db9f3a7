/* SPDX-License-Identifier: MIT */
/*
 * One store, one mount: locks and caches in the kernel are then complete. `.alcm/lock` is held by
 * flock(2) for as long as the daemon lives, and says where the store is mounted.
 */
#ifndef ALCMFS_STORE_LOCK_H
#define ALCMFS_STORE_LOCK_H

#include "fs.h"

/*
 * Make `.alcm` if need be and take the lock of fs->store_fd's store, waiting some seconds for a
 * daemon whose mount is gone and that is still writing its last commits. -EBUSY: the store is in use.
 * What is wrong has been said.
 */
int store_lock(struct fs *fs);

#endif
