/* SPDX-License-Identifier: MIT */
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

/* Entering a mount namespace, be it the own one, leads to its root directory. */
static int leave_root(void)
{
	AUTO_CLOSE int fd = open("/proc/thread-self/ns/mnt", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? -ENOSYS : -errno;
	/* The other threads of the process keep their root directory. */
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
