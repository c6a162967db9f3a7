/* SPDX-License-Identifier: MIT */
#include "cli_path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alcm.h"
#include "cli.h"

/* The real path of the directory, which getcwd(3) puts together name by name. The working
   directory stays. */
static char *real_dir(const char *dir)
{
	int back = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC), err = 0;
	char *path = NULL;

	if (back < 0)
		return NULL;
	if (!chdir(dir)) {
		path = getcwd(NULL, 0);
		err = path ? 0 : errno;
		if (fchdir(back)) {
			err = errno;
			free(path);
			path = NULL;
		}
	} else {
		err = errno;
	}
	close(back);
	errno = err;
	return path;
}

/* The real path of the file in its directory; of no link. */
static char *real_file(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *dir = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	char *above = dir ? real_dir(dir) : NULL;
	char *real = above ? cli_join(above, slash ? slash + 1 : path) : NULL;

	free(above);
	free(dir);
	return real;
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
	int fd = open(real, flags | O_CLOEXEC), root;

	if (fd >= 0 || errno != ENAMETOOLONG)
		return fd >= 0 ? fd : -errno;
	root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return -errno;
	fd = alcm_open_beneath(root, real + 1, flags, 0);
	close(root);
	return fd;
}
