/* SPDX-License-Identifier: MIT */
#ifndef ALCMFS_READ_AHEAD_H
#define ALCMFS_READ_AHEAD_H

/*
 * Have the kernel read ahead on the mount at `mountpoint` (as realpath() has it) by two
 * chunks. Only root may ask for that; without effect for others, and where /sys can't be
 * written. The file system itself is not touched.
 */
void read_ahead_raise(const char *mountpoint);

#endif
