/* SPDX-License-Identifier: MIT */
/* What limits of the process mean for the mount: said at its start, or used. */
#ifndef ALCMFS_PROCESS_LIMITS_H
#define ALCMFS_PROCESS_LIMITS_H

#include "fs.h"

/*
 * Warn on stderr of limits under which the mount won't do what it was asked to; -EMFILE,
 * and the reason there, if it couldn't do anything. Also decides how many descriptors
 * inodes may keep open (fs->max_fds), and how many inodes are kept (fs->max_kept). Before
 * the process becomes a daemon.
 */
int process_limits_apply(struct fs *fs);

#endif
