/* SPDX-License-Identifier: MIT */
/*
 * Which signals end the mount, and that no other does: a signal whose default action kills would
 * leave every user with a dead mount.
 */
#ifndef ALCMFS_SIGNALS_H
#define ALCMFS_SIGNALS_H

#include "fs.h"

/*
 * SIGHUP, SIGINT, SIGTERM and SIGQUIT end the session's loop and thereby unmount; what else would
 * kill, but for faults of our own and SIGKILL, is ignored. -EIO: libfuse can't set its handlers.
 */
int signals_set(struct fs *fs);

#endif
