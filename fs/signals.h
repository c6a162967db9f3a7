/* SPDX-License-Identifier: MIT */
/* The signals that end the mount; no other may. A signal whose default action kills would
   leave every user with a dead mount. */
#ifndef ALCMFS_SIGNALS_H
#define ALCMFS_SIGNALS_H

#include "fs.h"

/* SIGHUP, SIGINT, SIGTERM and SIGQUIT make workers_serve() return and the mount end. All
   other signals that would kill are ignored, except SIGKILL and faults of our own. */
void signals_set(struct fs *fs);

#endif
