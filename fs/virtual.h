/* SPDX-License-Identifier: MIT */
/*
 * Files of .alcm that are in no store: what a mount says of itself. Each opening gets a
 * text of its own, made at that moment, in memory, so that a full store can be watched
 * too.
 */
#ifndef ALCMFS_VIRTUAL_H
#define ALCMFS_VIRTUAL_H

#include <stdbool.h>
#include <sys/types.h>

#include "fs.h"

/* Whether .alcm itself is the directory, in which they are. */
bool virtual_in(const struct fs *fs, const struct inode *dir);

/*
 * A descriptor of the virtual file NAME as it is now, for a caller of that user id.
 * -ENOENT: there is none of that name. -ENOMEM, -EMFILE.
 */
int virtual_open(struct fs *fs, const char *name, uid_t uid);

/* The name of the k-th one, NULL behind the last. */
const char *virtual_name(unsigned k);

#endif
