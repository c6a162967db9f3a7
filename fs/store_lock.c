/* SPDX-License-Identifier: MIT */
#include "store_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mntent.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Whether some store is mounted at `point`, in this mount namespace. */
static bool mounted_at(const char *point)
{
	FILE *f = setmntent("/proc/self/mounts", "re");
	struct mntent *m;
	bool found = false;

	while (f && !found && (m = getmntent(f)))
		found = strcmp(m->mnt_dir, point) == 0 && strcmp(m->mnt_type, "fuse.alcmfs") == 0;
	if (f)
		endmntent(f);
	return found;
}

/* Where the lock's holder has mounted the store; "" when it hasn't, or isn't alcmfs. */
static void read_holder(int fd, char point[PATH_MAX])
{
	ssize_t n = pread(fd, point, PATH_MAX - 1, 0);

	point[n > 0 ? n : 0] = '\0';
	point[strcspn(point, "\n")] = '\0';
}

static int take(struct fs *fs)
{
	enum { TRIES = 200, PAUSE_US = 50 * 1000 };
	char point[PATH_MAX];

	for (int k = 0; k < TRIES; k++) {
		if (!flock(fs->lock_fd, LOCK_EX | LOCK_NB))
			return 0;
		if (errno != EWOULDBLOCK) {
			int err = -errno;

			fs_fail("%s/%s/lock: %s", fs->opt.store, ADMIN_NAME, strerror(-err));
			return err;
		}
		read_holder(fs->lock_fd, point);
		if (point[0] && mounted_at(point)) {
			fs_fail("%s is mounted already, at %s", fs->opt.store, point);
			return -EBUSY;
		}
		usleep(PAUSE_US);
	}
	fs_fail("%s is in use: by a mount elsewhere, or by alcm changing it in place",
		fs->opt.store);
	return -EBUSY;
}

static void write_holder(struct fs *fs)
{
	char text[PATH_MAX + 1];
	int n = snprintf(text, sizeof(text), "%s\n", fs->opt.mountpoint);

	/* Only words for whoever is refused: without them the lock holds all the same. */
	if (ftruncate(fs->lock_fd, 0) || pwrite(fs->lock_fd, text, (size_t)n, 0) != n)
		(void)ftruncate(fs->lock_fd, 0);
}

/*
 * .alcm, its caq, and the lock in it. Neither may lead elsewhere: the daemon writes there with its own
 * rights, and the store may be somebody else's.
 */
static int open_lock(struct fs *fs)
{
	const int flags = O_RDWR | O_CREAT;
	struct stat st;

	if (mkdirat(fs->store_fd, ADMIN_NAME, 0755) && errno != EEXIST)
		return -errno;

	int admin = alcm_open_beneath(fs->store_fd, ADMIN_NAME, O_RDONLY | O_DIRECTORY, 0),
	    err = 0;

	if (admin < 0)
		return admin;
	if (mkdirat(admin, "caq", 0755) && errno != EEXIST)
		err = -errno;
	close(admin);
	if (err)
		return err;
	fs->lock_fd = alcm_open_beneath(fs->store_fd, ADMIN_NAME "/lock", flags, 0600);
	if (fs->lock_fd < 0)
		return fs->lock_fd;
	if (fstat(fs->lock_fd, &st))
		return -errno;
	return S_ISREG(st.st_mode) && st.st_nlink == 1 ? 0 : -EINVAL;
}

int store_lock(struct fs *fs)
{
	int err = open_lock(fs);

	if (err) {
		fs_fail("%s/%s: %s", fs->opt.store, ADMIN_NAME,
			err == -ELOOP || err == -ENOTDIR ? "is a symbolic link or no directory"
				: err == -EINVAL ? "its lock is no file, or has other names, too"
						 : strerror(-err));
		return err;
	}
	err = take(fs);
	if (!err)
		write_holder(fs);
	return err;
}
