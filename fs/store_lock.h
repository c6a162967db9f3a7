/* SPDX-License-Identifier: MIT */
/* One store, one mount: locks and caches in the kernel are then complete. */
#ifndef ALCMFS_STORE_LOCK_H
#define ALCMFS_STORE_LOCK_H

#include "fs.h"

/*
 * Lock fs->store for this mount. Waits some seconds for a daemon that was unmounted and
 * still writes its last commits, or for a command that ends. A store that can't be
 * written, mounted with -o ro, is locked for reading: fs->only_reads. -EBUSY, -EAGAIN:
 * the store is in use. The cause has been printed.
 */
int store_lock(struct fs *fs);

#endif
