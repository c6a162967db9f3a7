/* SPDX-License-Identifier: MIT */
/* Where the store is to be mounted: what can't be a mount point is refused with the
   reason. */
#ifndef ALCMFS_MOUNT_POINT_H
#define ALCMFS_MOUNT_POINT_H

#include "options.h"

/*
 * Resolve o->store and o->mountpoint, and check that the one can be mounted at the other.
 * A mount point /dev/fd/N, an open descriptor of /dev/fuse that somebody else has
 * mounted, stays as it is. A negative errno after saying what is wrong.
 */
int mount_point_check(struct options *o, bool is_root);

/* Whether it is a /dev/fd/N: there is no place that could be looked at. */
bool mount_point_is_fd(const char *mountpoint);

/*
 * Put nosymfollow, which libfuse can't pass on, on what has just been mounted. A negative
 * errno after saying what is wrong: only root can.
 */
int mount_point_forbid_links(const struct options *o);

#endif
