/* SPDX-License-Identifier: MIT */
/*
 * FUSE begins with 128 KiB, half a chunk: whoever reads a file from its start then waits
 * for one chunk after the other, each by two requests. With 512 KiB two threads decode
 * while the reader copies, and loads take half the time. More gains little, and faults of
 * a mapping at random places bring in so much each.
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

	/* Asking the mount itself would wait for ourselves. */
	if (!mountinfo_at(mountpoint, NULL, &m))
		return;
	snprintf(path, sizeof(path), "/sys/class/bdi/%u:%u/read_ahead_kb", m.major, m.minor);

	AUTO_CLOSE int fd = open(path, O_RDWR | O_CLOEXEC);

	/* A rule of the administrator's may have asked for more. */
	if (fd >= 0 && read(fd, now, sizeof(now) - 1) > 0 && atoi(now) < READ_AHEAD_KIB)
		(void)dprintf(fd, "%d", READ_AHEAD_KIB);
}
