/* SPDX-License-Identifier: MIT */
/*
 * Acting as the caller where new files get an owner: fsuid, fsgid, supplementary groups
 * and umask of this thread. The store's own rules (default ACLs, setgid directories) then
 * apply by themselves.
 */
#ifndef ALCMFS_CALLER_H
#define ALCMFS_CALLER_H

#include "fs.h"

struct caller {
	bool switched;
};

/*
 * Until caller_leave(), which must be called on failure as well, this thread creates
 * files as the caller of `req` would. -EPERM: it can't, and must not create them as
 * itself.
 */
int caller_enter(fuse_req_t req, struct caller *caller);
void caller_leave(struct caller *caller);

#endif
