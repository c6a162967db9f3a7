/* SPDX-License-Identifier: MIT */
/*
 * Acting as the caller. Linux has credentials per thread: setfsuid(2), setfsgid(2) and
 * the raw setgroups(2) change only this one. fsuid also takes away the file capabilities,
 * so the store's permission checks are the caller's.
 *
 *   enter   umask, groups, fsgid, fsuid; the ids are read back, as these calls
 *           don't report failure
 *   *at()   the store creates the file with the caller's ids, and by its own rules for
 *           setgid directories and default ACLs
 *   leave   fsuid, fsgid, groups
 *
 * Between enter and leave there is exactly one system call on the store. Everything else
 * is done as root, since the caller may have no rights in .alcm. A daemon that an
 * ordinary user runs can't switch and doesn't need to: everything is that user's anyway.
 */
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

/* The umask belongs to the process, unless a thread has unshared it. umask(2) of one
   thread would change what others create. unshare(CLONE_FS) also gives the thread its own
   working directory, which nothing here depends on. */
static void own_umask(void)
{
	static _Thread_local bool done;

	if (!done && !unshare(CLONE_FS))
		done = true;
}

/*
 * Find all supplementary groups of the caller: in `few`, or in `*many` on the heap.
 * Returns their number, or -1 if they can't be found: a caller in another PID namespace
 * is unknown here.
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
 * Take on the caller's groups. The library's setgroups() changes all threads; the system
 * call changes this one. If the groups aren't known, this thread could be denied what one
 * of them allows. Then it bypasses the store's modes: the kernel has already checked the
 * caller against the mount's modes, which are the same.
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
	/*
	 * These calls return the former id and no error, so a second call checks the result.
	 */
	setfsgid(ctx->gid);
	setfsuid(ctx->uid);
	if ((gid_t)setfsgid((gid_t)-1) != ctx->gid || (uid_t)setfsuid((uid_t)-1) != ctx->uid)
		return -EPERM;
	/* setfsuid() has dropped this privilege; caller_leave() restores it. */
	if (!groups_known)
		privileges_raise(req_fs(req), PRIVILEGE_ACCESS);
	return 0;
}

/* Also right after a failed caller_enter(): each call restores what may have been
   changed. */
void caller_leave(struct caller *caller)
{
	umask(0);
	if (!caller->switched)
		return;
	setfsuid(0);
	setfsgid(0);
	(void)syscall(SYS_setgroups, (size_t)0, NULL);
}
