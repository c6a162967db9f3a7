/* SPDX-License-Identifier: MIT */
/*
 * Of root's powers only those that acting for callers takes (capabilities(7)): a daemon
 * that a hostile file got the better of can't load modules, trace processes or open raw
 * sockets. An ordinary user's has none.
 */
#ifndef ALCMFS_PRIVILEGES_H
#define ALCMFS_PRIVILEGES_H

#include "fs.h"

/* Kept, but in force only between privileges_raise() and privileges_lower(). */
enum privilege {
	/* CAP_SYS_ADMIN: unmounting, and attributes trusted.* and security.*, for which the
	   kernel asks it of the caller too. */
	PRIVILEGE_ADMIN = 1,
	/* CAP_SYS_RESOURCE: a pipe that takes a whole read reply. In force while data is
	   written, it would lift its owner's quota. */
	PRIVILEGE_RESOURCE = 2,
	/* CAP_DAC_OVERRIDE, which is in force but while acting as a caller, until
	   caller_leave(). */
	PRIVILEGE_ACCESS = 3,
};

/* Give up all else, for this thread and those that it starts. 0 or a negative errno. */
int privileges_drop(const struct fs *fs);

/* For this thread; nothing happens to an ordinary user's daemon. */
void privileges_raise(const struct fs *fs, enum privilege privilege);
void privileges_lower(const struct fs *fs);

#endif
