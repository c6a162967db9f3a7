/* SPDX-License-Identifier: MIT */
#include "caller.h"

#include <errno.h>
#include <grp.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/fsuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "privileges.h"

enum { FEW_GROUPS = 256 };

/* The umask is the process's unless a thread has taken a copy of its own. */
static void own_umask(void)
{
	static _Thread_local bool done;

	if (!done && !unshare(CLONE_FS))
		done = true;
}

/*
 * All supplementary groups of the caller: in `few`, or in `*many` on the heap. Their
 * number, or -1 if they can't be found out: in another PID namespace the caller has no
 * name here.
 */
static int find_groups(fuse_req_t req, gid_t few[FEW_GROUPS], gid_t **many)
{
	int n = fuse_req_getgroups(req, FEW_GROUPS, few), n_then;

	*many = NULL;
	if (n <= FEW_GROUPS)
		return n < 0 ? -1 : n;
	*many = calloc((size_t)n, sizeof(**many));
	n_then = *many ? fuse_req_getgroups(req, n, *many) : -1;
	return n_then < 0 ? -1 : n_then < n ? n_then : n;
}

/*
 * The library's setgroups() changes all threads; the system call changes this one.
 * Without knowing the groups this thread could be denied what one of them allows the
 * caller, so it is let past the store's modes: the kernel has checked the caller against
 * the mount's, which are the same.
 */
static int take_groups(fuse_req_t req, bool *known)
{
	gid_t few[FEW_GROUPS], *many;
	int n = find_groups(req, few, &many), err = 0;

	*known = n >= 0;
	if (syscall(SYS_setgroups, (size_t)(n > 0 ? n : 0), many ? many : few))
		err = -EPERM;
	free(many);
	return err;
}

int caller_enter(fuse_req_t req, struct caller *caller)
{
	const struct fuse_ctx *ctx = fuse_req_ctx(req);
	bool groups_known;

	own_umask();
	umask(ctx->umask);
	caller->switched = req_fs(req)->is_root && (ctx->uid || ctx->gid);
	if (!caller->switched)
		return 0;
	if (take_groups(req, &groups_known))
		return -EPERM;
	/* These two only ever say what was before. */
	setfsgid(ctx->gid);
	setfsuid(ctx->uid);
	if ((gid_t)setfsgid((gid_t)-1) != ctx->gid || (uid_t)setfsuid((uid_t)-1) != ctx->uid)
		return -EPERM;
	/* setfsuid() has taken this privilege away, and gives it back when the caller is
	   left. */
	if (!groups_known)
		privileges_raise(req_fs(req), PRIVILEGE_ACCESS);
	return 0;
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
