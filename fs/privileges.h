/* SPDX-License-Identifier: MIT */
/*
 * Root's daemon keeps only the capabilities that acting for callers needs
 * (capabilities(7)): a daemon taken over through a hostile file can't load modules, trace
 * processes or open raw sockets. An ordinary user's daemon has no capabilities.
 */
#ifndef ALCMFS_PRIVILEGES_H
#define ALCMFS_PRIVILEGES_H

#include "fs.h"

/* Permitted, but effective only between privileges_raise() and privileges_lower(). */
enum privilege {
	/* CAP_SYS_ADMIN: unmounting, and attributes trusted.* and security.*, for which the
	   kernel has required it of the caller too. */
	PRIVILEGE_ADMIN = 1,
	/* CAP_SYS_RESOURCE: a pipe large enough for a read reply. If it were effective while
	   data is written, it would lift the owner's quota. */
	PRIVILEGE_RESOURCE = 2,
	/* CAP_DAC_OVERRIDE, which is effective except while acting as a caller, until
	   caller_leave(). */
	PRIVILEGE_ACCESS = 3,
};

/*
 * Give up all others, for this thread and the ones that it starts. 0 or a negative errno.
 */
int privileges_drop(const struct fs *fs);

/* For this thread; does nothing in an ordinary user's daemon. */
void privileges_raise(const struct fs *fs, enum privilege privilege);
void privileges_lower(const struct fs *fs);

#endif
