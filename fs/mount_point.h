/* SPDX-License-Identifier: MIT */
/* Checking the mount point: an impossible one is refused with the reason. */
#ifndef ALCMFS_MOUNT_POINT_H
#define ALCMFS_MOUNT_POINT_H

#include "options.h"

/*
 * Resolve o->store and o->mountpoint, and check that the store can be mounted there. A
 * mount point /dev/fd/N is left alone: an open descriptor of /dev/fuse that another
 * program has mounted. A negative errno after printing the cause.
 */
int mount_point_check(struct options *o, bool is_root);

/* Whether it is a /dev/fd/N, which isn't a directory that could be examined. */
bool mount_point_is_fd(const char *mountpoint);

/* Set nosymfollow, which libfuse can't pass on, on the new mount. A negative errno after
   printing the cause: only root can. */
int mount_point_forbid_links(const struct options *o);

#endif
