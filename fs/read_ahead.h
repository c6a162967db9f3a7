/* SPDX-License-Identifier: MIT */
#ifndef ALCMFS_READ_AHEAD_H
#define ALCMFS_READ_AHEAD_H

/*
 * Make the kernel read ahead by two chunks on the mount at `mountpoint` (as realpath()
 * returns it). Only root may do that; it has no effect for others, or where /sys can't be
 * written. The mount itself is not accessed.
 */
void read_ahead_raise(const char *mountpoint);

#endif
