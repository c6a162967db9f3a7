/* SPDX-License-Identifier: MIT */
/*
 * FUSE begins with 128 KiB, half a chunk: whoever reads a file from its start then waits
 * for one chunk after the other, each by two requests. With 512 KiB two threads decode
 * while the reader copies, and loads take half the time. More gains little, and faults of
 * a mapping at random places bring in so much each.
 */
#include "read_ahead.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"

enum { READ_AHEAD_KIB = 512 };

/* Whether the word that `field` begins with, in which \ooo stands for a byte, is
   `path`. */
static bool names(const char *field, const char *path)
{
	for (; *field && *field != ' ' && *path; path++) {
		unsigned byte = (unsigned char)*field++;

		if (byte == '\\' && sscanf(field, "%3o", &byte) == 1)
			field += 3;
		if (byte != (unsigned char)*path)
			return false;
	}
	return (!*field || *field == ' ') && !*path;
}

/* The device of the topmost mount there. Asking the mount itself would wait for
   ourselves. */
static bool find_device(const char *mountpoint, unsigned *major, unsigned *minor)
{
	FILE *table = fopen("/proc/self/mountinfo", "re");
	char *line = NULL;
	size_t capacity = 0;
	bool found = false;

	while (table && getline(&line, &capacity, table) > 0) {
		unsigned device[2];
		int at = 0;

		if (sscanf(line, "%*u %*u %u:%u %*s %n", &device[0], &device[1], &at) != 2 ||
			!at || !names(line + at, mountpoint))
			continue;
		*major = device[0];
		*minor = device[1];
		found = true;
	}
	free(line);
	if (table)
		fclose(table);
	return found;
}

void read_ahead_raise(const char *mountpoint)
{
	unsigned major, minor;
	char path[64], now[16] = "";

	if (!find_device(mountpoint, &major, &minor))
		return;
	snprintf(path, sizeof(path), "/sys/class/bdi/%u:%u/read_ahead_kb", major, minor);

	AUTO_CLOSE int fd = open(path, O_RDWR | O_CLOEXEC);

	/* A rule of the administrator's may have asked for more. */
	if (fd >= 0 && read(fd, now, sizeof(now) - 1) > 0 && atoi(now) < READ_AHEAD_KIB)
		(void)dprintf(fd, "%d", READ_AHEAD_KIB);
}
