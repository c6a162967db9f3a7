/* SPDX-License-Identifier: MIT */
/*
 * Leaving the chroot in a thread. setns(2) into the thread's own mount namespace moves
 * its root and working directory to the root of that namespace. unshare(CLONE_FS) first
 * separates them from the other threads.
 */
#include "store/unrooted.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include "base/fd.h"

struct call {
	void (*fn)(void *ctx);
	void *ctx;
	int err;
};

/* Entering a mount namespace, even the current one, leads to its root directory. */
static int leave_root(void)
{
	AUTO_CLOSE int fd = open("/proc/thread-self/ns/mnt", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? -ENOSYS : -errno;
	/* After unshare() the other threads keep their root directory. */
	if (unshare(CLONE_FS) || setns(fd, CLONE_NEWNS))
		return -errno;
	return access("/proc/thread-self/mountinfo", R_OK) ? -ENOSYS : 0;
}

static void *run(void *arg)
{
	struct call *call = arg;

	call->err = leave_root();
	if (!call->err)
		call->fn(call->ctx);
	return NULL;
}

int unrooted_call(void (*fn)(void *ctx), void *ctx)
{
	struct call call = { .fn = fn, .ctx = ctx };
	pthread_t thread;
	int err = -pthread_create(&thread, NULL, run, &call);

	if (err)
		return err;
	(void)pthread_join(thread, NULL);
	return call.err;
}
