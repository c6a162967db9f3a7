/* SPDX-License-Identifier: MIT */
#include "store/lease.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/vfs.h>
#include <unistd.h>

/* A client's lease there is the server's to give, and is denied to all who hold no
   delegation. */
static bool leases_are_remote(int fd)
{
	enum { NFS_MAGIC = 0x6969 };
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && (unsigned long)fs.f_type == NFS_MAGIC;
}

int lease_take(int fd)
{
	/* A glance at the file, such as file(1) or stat() in a mount takes, is soon over. */
	enum { TRIES = 20, PAUSE_US = 1000 };

	if (leases_are_remote(fd))
		return -EOPNOTSUPP;
	/* A signal tells of those who are made to wait: by default SIGIO, which ends the
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
