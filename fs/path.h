/* SPDX-License-Identifier: MIT */
/* Paths of open files, for messages and for the admin tree; never used to reach user
   data. */
#ifndef ALCMFS_PATH_H
#define ALCMFS_PATH_H

#include <limits.h>
#include <stdbool.h>

#include "base/fd.h"
#include "fs.h"

enum { PATH_TEXT = PATH_MAX + 64 };

/* Open for reading without a trace in the access time, where the store allows that. */
int path_open_quietly(const char *path);

/* The present path of an open file relative to the store, into `buf`. False: it can't be
   known, or isn't below. */
bool path_below(const struct fs *fs, int fd, char buf[PATH_TEXT]);

/* The same for a swap job, which refuses "": the path can't be known. In `buf`, which is
   returned. */
const char *path_for_job(const struct fs *fs, int fd, char buf[PATH_TEXT]);

/* The same for people: if it can't be known, "inode N". In `buf`, which is returned. */
const char *path_of(const struct fs *fs, int fd, char buf[PATH_TEXT]);

#endif
