/* SPDX-License-Identifier: MIT */
/* Whether a directory is the root of a store. */
#include <fcntl.h>
#include <unistd.h>

#include "alcm.h"
#include "base/beneath.h"

static bool exists(int dirfd, const char *path)
{
	int fd = beneath_open(dirfd, path, O_PATH, 0);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

bool alcm_store_is_root(int dirfd)
{
	return exists(dirfd, ".alcm/lock") || exists(dirfd, ".alcm/caq");
}
