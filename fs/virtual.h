/* SPDX-License-Identifier: MIT */
/* Files of .alcm that aren't in the store: the mount's own figures. Each opening gets its
   own text in memory, made at that moment, so a full store can be watched too. */
#ifndef ALCMFS_VIRTUAL_H
#define ALCMFS_VIRTUAL_H

#include <stdbool.h>
#include <sys/types.h>

#include "fs.h"

/* Whether `dir` is .alcm itself, where they are. */
bool virtual_in(const struct fs *fs, const struct inode *dir);

/* Open the virtual file NAME as it is now, for a caller with that user id. A descriptor;
   -ENOENT: there is none of that name. -ENOMEM, -EMFILE. */
int virtual_open(struct fs *fs, const char *name, uid_t uid);

/* The name of the k-th one; NULL after the last. */
const char *virtual_name(unsigned k);

#endif
