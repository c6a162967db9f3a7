/* SPDX-License-Identifier: MIT */
/* Applies the process's limits to the mount, and warns about them at its start. */
#ifndef ALCMFS_PROCESS_LIMITS_H
#define ALCMFS_PROCESS_LIMITS_H

#include "fs.h"

/*
 * Warn on stderr about limits under which the mount can't do what it was asked to;
 * -EMFILE, with the reason printed, if it couldn't do anything. Also decides how many
 * descriptors inodes may keep open (fs->max_fds), how many inodes are kept
 * (fs->max_kept), and the largest request (fs->max_request_bytes). Call it before the
 * process becomes a daemon.
 */
int process_limits_apply(struct fs *fs);

#endif
