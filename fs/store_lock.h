/* SPDX-License-Identifier: MIT */
/* One store, one mount: locks and caches in the kernel are then complete. */
#ifndef ALCMFS_STORE_LOCK_H
#define ALCMFS_STORE_LOCK_H

#include "fs.h"

/*
 * Lock fs->store for this mount, waiting some seconds for a daemon whose mount is gone
 * and that is still writing its last commits, or for a command that ends. A store that
 * can't be written, mounted with -o ro, is locked for reading: fs->only_reads. -EBUSY,
 * -EAGAIN: the store is in use. What is wrong has been said.
 */
int store_lock(struct fs *fs);

#endif
