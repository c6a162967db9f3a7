/* SPDX-License-Identifier: MIT */
/*
 * Locking the store for a mount, with patience: a daemon that was just unmounted may
 * still be committing, and commands end by themselves.
 *
 *   held by                              what happens
 *   a daemon that still serves           an error at once that names its mount point
 *   a daemon whose mount is gone         up to 10 s
 *   a command, or another mount that is  up to 2 s
 *     just being made
 *   readers, and this is a mount -o ro   shared with them
 *
 * So `fusermount3 -u X; alcmfs STORE X` works in a script without a pause.
 */
#include "store_lock.h"

#include "base/fd.h"
#include "base/mountinfo.h"
#include "mount_log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The mount point of the lock's holder; "" if it hasn't mounted the store. */
static void read_holder(const struct fs *fs, char point[PATH_MAX])
{
	AUTO_CLOSE int fd = alcm_open_beneath(fs->store_fd, ADMIN_NAME "/lock",
		O_RDONLY | O_NONBLOCK, 0);
	ssize_t n = fd < 0 ? 0 : pread(fd, point, PATH_MAX - 1, 0);

	point[n > 0 ? n : 0] = '\0';
	point[strcspn(point, "\n")] = '\0';
}

/* Try once. With -o ro, a store that can't be locked for writing may be shared with other
   readers. */
static int lock_once(struct fs *fs, struct alcm_diag *diag)
{
	int err = alcm_store_lock(fs->store, ALCM_USE_MOUNT, fs->opt.mountpoint, diag);

	if (!err || !fs->opt.read_only)
		return err;
	err = alcm_store_lock(fs->store, ALCM_USE_READ, NULL, diag);
	fs->only_reads = !err;
	return err;
}

int store_lock(struct fs *fs)
{
	/*
	 * An ending daemon has left its mount point in the lock; other holders get less time.
	 */
	enum { TRIES = 200, TRIES_OTHERS = 40, PAUSE_US = 50 * 1000 };
	struct alcm_diag diag = { 0 };
	char point[PATH_MAX] = "";
	struct mountinfo m;
	int err = 0;

	for (int k = 0; k < (point[0] ? TRIES : TRIES_OTHERS); k++) {
		err = lock_once(fs, &diag);
		if (err != -EBUSY && err != -EAGAIN)
			break;
		read_holder(fs, point);
		if (point[0] && mountinfo_at(point, "fuse.alcmfs", &m)) {
			fs_fail("%s: can't be mounted: %s, at %s", fs->opt.store, diag.cause, point);
			return err;
		}
		usleep(PAUSE_US);
	}
	if (err)
		fs_fail("%s: can't be mounted: %s", fs->opt.store,
			diag.cause[0] ? diag.cause : strerror(-err));
	return err;
}
