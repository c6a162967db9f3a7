/* SPDX-License-Identifier: MIT */
/*
 * New files. The temporary name lies in the same directory, because rename(2) only works
 * within a filesystem.
 *
 *   new_file_begin()   DIR/.alcm-0123456789abcdef, mode 0600, made with O_EXCL
 *   new_file_end()     close, then rename to DIR/NAME
 *   new_file_drop()    close, then remove
 *
 * Readers see the former file or the whole new one. The directory is kept open, so a DIR
 * that is renamed in between does no harm. The content isn't synced: like cp, a copy that
 * must survive a power failure needs sync(1).
 */
#include "cli_new_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fd.h"

/* Open the directory of `path`; its last component goes to `*name`. A negative errno. */
static int open_parent(int at, const char *path, const char **name)
{
	const char *slash = strrchr(path, '/');
	/* With its slash: "/" must not become "". */
	AUTO_FREE char *dir = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");

	*name = slash ? slash + 1 : path;
	if (!dir)
		return -ENOMEM;
	return or_errno(openat(at, dir, O_PATH | O_DIRECTORY | O_CLOEXEC));
}

int new_file_begin(int at, const char *path, struct new_file *f)
{
	uint64_t random;

	f->dirfd = open_parent(at, path, &f->name);
	if (f->dirfd < 0)
		return f->dirfd;
	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		random = (uint64_t)getpid();
	(void)snprintf(f->tmp, sizeof(f->tmp), ".alcm-%016" PRIx64, random);
	f->fd = openat(f->dirfd, f->tmp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (f->fd >= 0)
		return 0;

	int err = -errno;

	close(f->dirfd);
	return err;
}

/* Without `replace` an existing file stays. Filesystems without RENAME_NOREPLACE leave a
   short moment between check and rename. */
static int give_name(const struct new_file *f, bool replace)
{
	const int d = f->dirfd;

	if (!replace) {
		if (renameat2(d, f->tmp, d, f->name, RENAME_NOREPLACE) == 0)
			return 0;
		if (errno != EINVAL && errno != ENOSYS)
			return -errno;
		if (faccessat(d, f->name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			return -EEXIST;
	}
	return or_errno(renameat(d, f->tmp, d, f->name));
}

/* close() is checked first: NFS and quotas report a write that failed only there. */
int new_file_end(struct new_file *f, bool replace)
{
	int err = or_errno(close(f->fd)) ?: give_name(f, replace);

	if (err)
		(void)unlinkat(f->dirfd, f->tmp, 0);
	close(f->dirfd);
	return err;
}

void new_file_drop(struct new_file *f)
{
	close(f->fd);
	(void)unlinkat(f->dirfd, f->tmp, 0);
	close(f->dirfd);
}
