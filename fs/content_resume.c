/* SPDX-License-Identifier: MIT */
/*
 * A file that a crash left half converted, with a job that isn't in the store's own
 * .alcm/swap. An alcm command made it in a directory below or above, before this store
 * existed. The conversion is finished when the file is first opened.
 *
 * Jobs in the store's own directory were finished before the mount served, or reported as
 * impossible. Here only the file's head tells, with a mark that names its job. The job is
 * looked for in the .alcm/swap of the file's directory and of all directories above.
 * Without it the file can't be read, and -EIO with a cause that names the job is the
 * answer until the job is back.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "content_state.h"
#include "inode.h"
#include "mount_log.h"
#include "path.h"

/* Open the directory that holds the open file; a negative errno on failure. */
static int open_parent(const struct fs *fs, int fd)
{
	char path[PATH_TEXT];
	char *slash;

	if (!path_below(fs, fd, path))
		return -ENOENT;
	slash = strrchr(path, '/');
	if (!slash)
		return fcntl(fs->store_fd, F_DUPFD_CLOEXEC, 0);
	*slash = '\0';
	return alcm_open_beneath(fs->store_fd, path, O_PATH | O_DIRECTORY, 0);
}

/* A descriptor of our own, for writing: content's may be open for reading only. */
int content_resume(struct fs *fs, struct inode *i, struct alcm_diag *diag)
{
	struct content *c = i->content;
	char path[PATH_TEXT];
	uint64_t logical_bytes;

	if (alcm_swap_pending(c->fd, &logical_bytes) != 1)
		return 0;

	AUTO_CLOSE int fd = open(fd_path(c->fd), O_RDWR | O_CLOEXEC);
	AUTO_CLOSE int dir = open_parent(fs, c->fd);
	int done = fd < 0 || dir < 0 ? -EIO : alcm_swap_resume(dir, fd, diag);

	if (done == 1)
		fs_log(fs, ALCM_LOG_WARNING,
			"%s: finished its conversion, which a crash interrupted",
			path_of(fs, c->fd, path));
	return done < 0 ? -EIO : done;
}
