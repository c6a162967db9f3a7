/* SPDX-License-Identifier: MIT */
/*
 * Long absolute paths. realpath(3) and open(2) come first; the detours are only taken
 * after ENAMETOOLONG.
 *
 * The kernel takes a path of PATH_MAX bytes (4,096) at most, yet a tree may be deeper:
 * each step into it is a short relative path. The detours walk in the same way, by
 * chdir(2) and openat(2). chdir() is the process's, so only the main thread may come
 * here, before it starts others.
 *
 * A link with such a path isn't resolved: that would need readlink(2) for each component.
 * The user gets ENAMETOOLONG for it.
 */
#include "cli_path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alcm.h"
#include "base/alloc.h"
#include "base/fd.h"
#include "cli.h"

/* The real path of the directory. getcwd(3) walks up name by name, so it has no limit.
   The working directory is restored. */
static char *real_dir(const char *dir)
{
	AUTO_CLOSE int back = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	AUTO_FREE char *path = NULL;
	int err;

	if (back < 0 || chdir(dir))
		return NULL;
	path = getcwd(NULL, 0);
	err = errno;
	if (fchdir(back))
		return NULL;
	errno = err;
	return steal(path);
}

/* The real path of a file, by that of its directory. Not for a link. */
static char *real_file(const char *path)
{
	const char *slash = strrchr(path, '/');
	AUTO_FREE char *dir = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	AUTO_FREE char *above = dir ? real_dir(dir) : NULL;

	return above ? cli_join(above, slash ? slash + 1 : path) : NULL;
}

char *path_real(const char *path)
{
	char *real = realpath(path, NULL);
	struct stat st;

	if (real || errno != ENAMETOOLONG)
		return real;
	if (lstat(path, &st))
		return NULL;
	if (S_ISLNK(st.st_mode)) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	return S_ISDIR(st.st_mode) ? real_dir(path) : real_file(path);
}

int path_open(const char *real, int flags)
{
	int fd = or_errno(open(real, flags | O_CLOEXEC));

	if (fd != -ENAMETOOLONG)
		return fd;

	AUTO_CLOSE int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	return root < 0 ? -errno : alcm_open_beneath(root, real + 1, flags, 0);
}
