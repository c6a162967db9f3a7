/* SPDX-License-Identifier: MIT */
#include "store_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mntent.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
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

int store_lock(struct fs *fs)
{
	int err;

	if ((mkdirat(fs->store_fd, ADMIN_NAME, 0755) && errno != EEXIST) ||
		(mkdirat(fs->store_fd, ADMIN_NAME "/caq", 0755) && errno != EEXIST) ||
		(fs->lock_fd = openat(fs->store_fd, ADMIN_NAME "/lock",
			 O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600)) < 0) {
		err = -errno;
		fs_fail("%s/%s: %s", fs->opt.store, ADMIN_NAME, strerror(-err));
		return err;
	}
	err = take(fs);
	if (!err)
		write_holder(fs);
	return err;
}
