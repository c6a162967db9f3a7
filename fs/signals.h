/* SPDX-License-Identifier: MIT */
/*
 * Which signals end the mount, and that no other does: a signal whose default action
 * kills would leave every user with a dead mount.
 */
#ifndef ALCMFS_SIGNALS_H
#define ALCMFS_SIGNALS_H

#include "fs.h"

/*
 * SIGHUP, SIGINT, SIGTERM and SIGQUIT make workers_serve() return, and the mount end.
 * Everything else that would kill, but for SIGKILL and faults of our own, is ignored.
 */
void signals_set(struct fs *fs);

#endif
