/* SPDX-License-Identifier: MIT */
/* Leases, taken just before a file is overwritten in place and released after it: a
   conversion without one could mix old and new content in another program's reads. */
#include "store/lease.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/vfs.h>
#include <unistd.h>

/* On NFS the server grants leases, and it refuses every client without a delegation. The
   refusal would look like a file that is in use. */
static bool leases_are_remote(int fd)
{
	enum { NFS_MAGIC = 0x6969 };
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && (unsigned long)fs.f_type == NFS_MAGIC;
}

int lease_take(int fd)
{
	/* Short opens by other programs, such as file(1) or stat() in a mount, end soon. */
	enum { TRIES = 20, PAUSE_US = 1000 };

	if (leases_are_remote(fd))
		return -EOPNOTSUPP;
	/* The kernel signals a waiting open. The default is SIGIO, which would end the
	   process. */
	if (fcntl(fd, F_SETSIG, SIGURG))
		return -EOPNOTSUPP;
	for (int k = 0; k < TRIES; k++) {
		if (!fcntl(fd, F_SETLEASE, F_WRLCK))
			return 0;
		if (errno != EAGAIN && errno != EBUSY)
			return -EOPNOTSUPP;
		usleep(PAUSE_US);
	}
	return -EBUSY;
}

void lease_release(int fd)
{
	(void)fcntl(fd, F_SETLEASE, F_UNLCK);
}
