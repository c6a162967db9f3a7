/* SPDX-License-Identifier: MIT */
/*
 * Reaching files below a directory without ever leaving it. Others may move directories
 * of the path at any time, or turn them into symbolic links. No link is followed, and
 * ".." is refused.
 */
#ifndef ALCM_BASE_BENEATH_H
#define ALCM_BASE_BENEATH_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

/*
 * Move the first component of *path into `name`; *path then points behind it and its
 * slash. 1: done; 0: there is none; -EXDEV: it is ".."; -EINVAL: it is empty (an absolute
 * path, or two slashes); -ENAMETOOLONG.
 */
int beneath_next(const char **path, char name[NAME_MAX + 1]);

/*
 * Open `path` below the directory `at`, as openat(2) does with `flags`, O_NOFOLLOW and
 * O_CLOEXEC. A descriptor, or a negative errno: -ELOOP or -ENOTDIR where a component is a
 * symbolic link, those of beneath_next() (-EINVAL also for ""), openat(2)'s.
 */
int beneath_open(int at, const char *path, int flags, mode_t mode);

/* Whether there is something that can be opened as `path`. */
bool beneath_exists(int at, const char *path);

/* Remove the directory `name` in `at` with everything in it. 0 or a negative errno:
   -ENOTEMPTY also if it is more than 128 directories deep. */
int beneath_remove_tree(int at, const char *name);

/* Open the directory that holds the last component, which goes to `name`: for the *at()
   calls. */
int beneath_parent(int at, const char *path, char name[NAME_MAX + 1]);

#endif
