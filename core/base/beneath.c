/* SPDX-License-Identifier: MIT */
/*
 * Opening files below a directory. The kernel does it safely with openat2(2) and
 * RESOLVE_BENEATH; where that is missing, a walk opens each component by itself with
 * O_NOFOLLOW. The last component is always opened by the *at() call of the caller's
 * choice.
 *
 *   "run1/x/w.npy"  ──►  descriptor of "run1/x", name "w.npy"
 *
 * Both ways refuse "..", absolute paths and symbolic links. They differ if a directory on
 * the way is moved out of the tree during the call: openat2(2) fails, and the walk goes
 * on inside of the moved directory. That one was beneath when it was opened, so the
 * caller reaches nothing that it couldn't have reached a moment before.
 */
#include "base/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fd.h"

enum { DIR_FLAGS = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };

enum { TREE_DEPTH_MAX = 128 }; /* each level holds a descriptor */

int beneath_next(const char **path, char name[NAME_MAX + 1])
{
	size_t n = strcspn(*path, "/");

	if (!**path)
		return 0;
	if (!n)
		return -EINVAL;
	if (n > NAME_MAX)
		return -ENAMETOOLONG;
	if (n == 2 && memcmp(*path, "..", 2) == 0)
		return -EXDEV;
	memcpy(name, *path, n);
	name[n] = '\0';
	*path += n + ((*path)[n] == '/');
	return 1;
}

/* Open a directory component by component. This is for kernels before 5.6, containers
   whose filters don't know openat2(2), and paths longer than the kernel accepts. */
static int walk(int at, const char *path)
{
	char name[NAME_MAX + 1];
	int dir = openat(at, ".", DIR_FLAGS);

	while (dir >= 0 && beneath_next(&path, name) > 0) {
		int next = openat(dir, name, DIR_FLAGS);

		fd_close(dir);
		dir = next;
	}
	return dir < 0 ? -errno : dir;
}

/* RESOLVE_BENEATH also fails if a directory on the way is moved out during the call. */
static int open_dir(int at, const char *path)
{
	const struct open_how how = { .flags = DIR_FLAGS,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS };
	long fd = syscall(SYS_openat2, at, *path ? path : ".", &how, sizeof(how));

	if (fd < 0 && (errno == ENOSYS || errno == EPERM || errno == ENAMETOOLONG))
		return walk(at, path);
	return fd < 0 ? -errno : (int)fd;
}

int beneath_parent(int at, const char *path, char name[NAME_MAX + 1])
{
	const char *next = path, *last = path;
	int step;

	while ((step = beneath_next(&next, name)) > 0 && *next)
		last = next;
	if (step <= 0)
		return step ? step : -EINVAL;

	AUTO_FREE char *parent = mem_alloc((size_t)(last - path) + 1);

	if (!parent)
		return -ENOMEM;
	memcpy(parent, path, (size_t)(last - path));
	parent[last - path] = '\0';
	return open_dir(at, parent);
}

int beneath_open(int at, const char *path, int flags, mode_t mode)
{
	char name[NAME_MAX + 1];
	AUTO_CLOSE int dir = beneath_parent(at, path, name);

	if (dir < 0)
		return dir;
	return or_errno(openat(dir, name, flags | O_NOFOLLOW | O_CLOEXEC, mode));
}

bool beneath_exists(int at, const char *path)
{
	AUTO_CLOSE int fd = beneath_open(at, path, O_PATH, 0);

	return fd >= 0;
}

static int remove_tree(int at, const char *name, unsigned depth);

/* unlinkat() fails for directories, which are then removed in turn. */
static void clear_directory(int fd, unsigned depth)
{
	const struct dirent *e;
	DIR *stream;

	if (fd_opendir(fd, &stream))
		return;
	while ((e = readdir(stream)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 &&
			unlinkat(fd, e->d_name, 0))
			(void)remove_tree(fd, e->d_name, depth);
	closedir(stream);
}

/* An empty directory is the usual case, and needs no descriptor. Others are cleared and
   then removed; an entry that appeared in between makes that -ENOTEMPTY. */
static int remove_tree(int at, const char *name, unsigned depth)
{
	int fd;

	if (!unlinkat(at, name, AT_REMOVEDIR))
		return 0;
	if (!depth || (errno != ENOTEMPTY && errno != EEXIST))
		return -errno;
	fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	clear_directory(fd, depth - 1);
	return or_errno(unlinkat(at, name, AT_REMOVEDIR));
}

int beneath_remove_tree(int at, const char *name)
{
	return remove_tree(at, name, TREE_DEPTH_MAX);
}
