/* SPDX-License-Identifier: MIT */
#include "caller.h"

#include <errno.h>
#include <grp.h>
#include <sched.h>
#include <sys/fsuid.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MAX_GROUPS = 256 };

/* The umask is the process's unless a thread has taken a copy of its own. */
static void own_umask(void)
{
	static _Thread_local bool done;

	if (!done && !unshare(CLONE_FS))
		done = true;
}

int caller_enter(fuse_req_t req, struct caller *caller)
{
	const struct fuse_ctx *ctx = fuse_req_ctx(req);
	gid_t groups[MAX_GROUPS];
	int n;

	own_umask();
	umask(ctx->umask);
	caller->switched = req_fs(req)->is_root && (ctx->uid || ctx->gid);
	if (!caller->switched)
		return 0;
	/* The library's setgroups() changes all threads; the system call changes this one. */
	n = fuse_req_getgroups(req, MAX_GROUPS, groups);
	if (n < 0)
		n = 0;
	if (syscall(SYS_setgroups, (size_t)(n < MAX_GROUPS ? n : MAX_GROUPS), groups))
		return -EPERM;
	/* These two only ever say what was before. */
	setfsgid(ctx->gid);
	setfsuid(ctx->uid);
	return (gid_t)setfsgid((gid_t)-1) == ctx->gid && (uid_t)setfsuid((uid_t)-1) == ctx->uid
		? 0
		: -EPERM;
}

void caller_leave(struct caller *caller)
{
	umask(0);
	if (!caller->switched)
		return;
	setfsuid(0);
	setfsgid(0);
	(void)syscall(SYS_setgroups, (size_t)0, NULL);
}
