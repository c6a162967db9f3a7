/* SPDX-License-Identifier: MIT */
/*
 * The profile that a file gets: that of the nearest directory with one, or the mount's.
 */
#ifndef ALCMFS_POLICY_H
#define ALCMFS_POLICY_H

#include "alcm.h"
#include "fs.h"

#define POLICY_XATTR "user.alcm.profile"

/* Parse the `n` bytes of the attribute's value; a NUL at the end is ignored. -EINVAL, and
   `diag` says what is wrong. */
int policy_parse(const char *value, size_t n, struct alcm_profile *out,
	struct alcm_diag *diag);

/* The profile for a new blob at `inode`; for a directory, the profile of files created in
   it. */
void policy_profile(struct fs *fs, struct inode *inode, struct alcm_profile *out);

#endif
