/* SPDX-License-Identifier: MIT */
/*
 * Checks of store and mount point, so that impossible mounts fail with a reason. The
 * mount point itself is only examined before it is mounted: afterwards a stat() there
 * would wait for the daemon that makes it.
 *
 *   before   store and mount point exist, are directories, and neither lies in the other
 *   after    flags come from the kernel's table of mounts (base/mountinfo.h)
 *
 * A mount point that is /dev/fd/N comes from a program that has mounted already and
 * passes the open /dev/fuse on, such as a container runtime. Nothing can be said about
 * the place where it was mounted, so only the descriptor is checked.
 */
#include "mount_point.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/mountinfo.h"
#include "fs.h"
#include "mount_log.h"

#define FD_PREFIX "/dev/fd/"

enum { NOSYMFOLLOW = 256 }; /* MS_NOSYMFOLLOW, since Linux 5.10 */

bool mount_point_is_fd(const char *mountpoint)
{
	return strncmp(mountpoint, FD_PREFIX, strlen(FD_PREFIX)) == 0;
}

static bool is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	return strncmp(path, dir, n) == 0 && (path[n] == '/' || (n == 1 && path[n]));
}

/* A descriptor was mounted before, with options of another program. Root's daemon relies
   on default_permissions among them, and can't find out about it. */
static int check_fd(const char *mountpoint, bool is_root)
{
	const char *digits = mountpoint + strlen(FD_PREFIX);
	size_t n = strspn(digits, "0123456789");
	struct stat st;

	if (!n || n > 9 || digits[n] || fstat(atoi(digits), &st)) {
		fs_fail("%s: not an open descriptor of this process", mountpoint);
		return -EBADF;
	}
	if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(10, 229)) {
		fs_fail("%s: not a descriptor of /dev/fuse", mountpoint);
		return -EINVAL;
	}
	if (is_root) {
		fs_fail("%s: a daemon run by root can't tell whether this was mounted with "
				"default_permissions, so only an ordinary user's takes it; give it a "
				"directory",
			mountpoint);
		return -EPERM;
	}
	return 0;
}

static int fail_at(const char *path, int err)
{
	if (err == ENOTCONN)
		fs_fail("%s is a dead mount, whose daemon is gone: run 'fusermount3 -u %s' first",
			path, path);
	else if (err == ENOENT)
		fs_fail("%s: no such directory, or it was removed", path);
	else
		fs_fail("%s: %s", path, strerror(err));
	return -err;
}

static int check_directory(const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return fail_at(path, errno);
	if (!S_ISDIR(st.st_mode)) {
		fs_fail("%s: not a directory", path);
		return -ENOTDIR;
	}
	return 0;
}

/*
 * Check that neither directory lies in the other. A store below its own mount point would
 * be hidden by it, and a mount point in the store would show the store in itself. Both
 * paths are resolved, so comparing their beginnings is enough.
 */
static int check_pair(const char *store, const char *mount)
{
	struct mountinfo m;

	if (is_below(store, mount)) {
		fs_fail("the store %s lies inside the mount point %s: it would be hidden by it",
			store, mount);
		return -EINVAL;
	}
	if (is_below(mount, store)) {
		fs_fail("the mount point %s lies inside the store %s: it would contain itself",
			mount, store);
		return -EINVAL;
	}
	if (mountinfo_at(mount, NULL, &m) && strcmp(m.type, "fuse.alcmfs") == 0) {
		fs_fail("%s: an alcmfs is already mounted there; unmount it first, or use "
				"another directory",
			mount);
		return -EBUSY;
	}
	return 0;
}

/* Make `*path` absolute and free of links. */
static int resolve(char **path)
{
	int err = check_directory(*path);
	char *real = err ? NULL : realpath(*path, NULL);

	if (err)
		return err;
	if (!real)
		return fail_at(*path, errno);
	free(*path);
	*path = real;
	return 0;
}

/* The flags of the mount at `point` from the kernel's table: statvfs() would ask the
   daemon, which doesn't serve yet. */
static unsigned long mounted_flags(const char *point)
{
	static const struct {
		const char *name;
		unsigned long flag;
	} known[] = { { "ro", MS_RDONLY }, { "nosuid", MS_NOSUID }, { "nodev", MS_NODEV },
		{ "noexec", MS_NOEXEC }, { "noatime", MS_NOATIME }, { "relatime", MS_RELATIME } };
	unsigned long flags = 0;
	struct mountinfo m;

	if (!mountinfo_at(point, NULL, &m))
		return 0;
	for (size_t k = 0; k < sizeof(known) / sizeof(known[0]); k++)
		flags |= mountinfo_has(m.options, known[k].name) ? known[k].flag : 0;
	return flags;
}

int mount_point_forbid_links(const struct options *o)
{
	unsigned long flags = MS_REMOUNT | MS_BIND | NOSYMFOLLOW;
	int err;

	if (!o->nosymfollow)
		return 0;
	/* A remount must repeat the flags that stay. */
	flags |= mounted_flags(o->mountpoint);
	if (!mount(NULL, o->mountpoint, NULL, flags, NULL))
		return 0;
	err = errno;
	fs_fail("option 'nosymfollow': %s%s", strerror(err),
		err == EPERM ? "; only root can mount this way" : "");
	return -err;
}

int mount_point_check(struct options *o, bool is_root)
{
	int err = resolve(&o->store);

	if (err)
		return err;
	if (mount_point_is_fd(o->mountpoint))
		return check_fd(o->mountpoint, is_root);
	err = resolve(&o->mountpoint);
	return err ? err : check_pair(o->store, o->mountpoint);
}
