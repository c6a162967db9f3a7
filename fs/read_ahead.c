/* SPDX-License-Identifier: MIT */
/*
 * Read-ahead of the mount. FUSE's default is 128 KiB, half a chunk: a sequential reader
 * then waits for each chunk, with two requests each. With 512 KiB two threads decode
 * while the reader copies, and loading takes half the time. More gains little, and each
 * random fault of a mapping reads that much.
 */
#include "read_ahead.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mountinfo.h"

enum { READ_AHEAD_KIB = 512 };

void read_ahead_raise(const char *mountpoint)
{
	struct mountinfo m;
	char path[64], now[16] = "";

	/* A stat() of the mount would wait for this process. */
	if (!mountinfo_at(mountpoint, NULL, &m))
		return;
	snprintf(path, sizeof(path), "/sys/class/bdi/%u:%u/read_ahead_kb", m.major, m.minor);

	AUTO_CLOSE int fd = open(path, O_RDWR | O_CLOEXEC);

	/* A rule of the administrator may have set more. */
	if (fd >= 0 && read(fd, now, sizeof(now) - 1) > 0 && atoi(now) < READ_AHEAD_KIB)
		(void)dprintf(fd, "%d", READ_AHEAD_KIB);
}
