/* SPDX-License-Identifier: MIT */
/* Which profile a file gets: that of the nearest directory that names one, or the
   mount's. */
#ifndef ALCMFS_POLICY_H
#define ALCMFS_POLICY_H

#include "alcm.h"
#include "fs.h"

#define POLICY_XATTR "user.alcm.profile"

/*
 * Parse the `n` bytes of the attribute's value; a byte 0 at its end counts for nothing.
 * -EINVAL, `diag` saying what is wrong.
 */
int policy_parse(const char *value, size_t n, struct alcm_profile *out,
	struct alcm_diag *diag);

/* The profile for a new blob at `inode`, or for what is created below it if it is a
   directory. */
void policy_profile(struct fs *fs, struct inode *inode, struct alcm_profile *out);

#endif
