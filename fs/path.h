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

/* Open for reading without changing the access time, where the store allows that. */
int path_open_quietly(const char *path);

/* Put the present path of an open file, relative to the store, into `buf`. False: it
   isn't known, or not below the store. */
bool path_below(const struct fs *fs, int fd, char buf[PATH_TEXT]);

/*
 * The same for a swap job; "", which jobs refuse, if the path isn't known. Returns `buf`.
 */
const char *path_for_job(const struct fs *fs, int fd, char buf[PATH_TEXT]);

/* The same for messages; "inode N" if the path isn't known. Returns `buf`. */
const char *path_of(const struct fs *fs, int fd, char buf[PATH_TEXT]);

#endif
