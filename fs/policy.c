/* SPDX-License-Identifier: MIT */
/*
 * The profile of a new file. The nearest directory above it with the attribute decides,
 * and the mount's option otherwise.
 *
 *   mount -o profile=lossless
 *   setfattr -n user.alcm.profile -v paper STORE/runs
 *
 *   STORE/a.npy             lossless, by the option
 *   STORE/runs/2024/b.npy   paper, by the nearest directory that says anything
 *
 * The profile is asked for when a blob begins, and is kept in the blob. A later change of
 * the attribute, or a move to another directory, leaves existing files as they are.
 */
#include "policy.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>

#include "inode.h"
#include "mount_log.h"
#include "path.h"

enum { TEXT_MAX_BYTES = 63 };

int policy_parse(const char *value, size_t n, struct alcm_profile *out,
	struct alcm_diag *diag)
{
	char text[TEXT_MAX_BYTES + 1];

	/* Some programs count C's terminating NUL as part of the string. */
	if (n && !value[n - 1])
		n--;
	if (n > TEXT_MAX_BYTES || memchr(value, '\0', n)) {
		(void)snprintf(diag->cause, sizeof(diag->cause), "%s",
			n > TEXT_MAX_BYTES ? "its name is too long for a profile"
							   : "it contains a zero byte");
		return -EINVAL;
	}
	memcpy(text, value, n);
	text[n] = '\0';
	return alcm_profile_parse(text, out, diag);
}

/*
 * The profile that a directory itself sets. An attribute that can't be read or understood
 * isn't skipped: the next directory up may allow more, and losing precision must be
 * someone's choice. So it counts as lossless.
 */
static bool own_profile(struct fs *fs, struct inode *dir, struct alcm_profile *out)
{
	char path[PATH_TEXT] = "a directory", value[TEXT_MAX_BYTES + 2] = "";
	struct alcm_diag diag = { 0 };
	ssize_t n;
	int fd, err = inode_pin(fs, dir, &fd);

	if (!err) {
		n = getxattr(fd_path(fd), POLICY_XATTR, value, sizeof(value));
		/* too long for the buffer: too long for a profile */
		if (n < 0 && errno == ERANGE)
			n = sizeof(value);
		err = n < 0 ? -errno : policy_parse(value, (size_t)n, out, &diag);
		(void)path_of(fs, fd, path);
		inode_unpin_later(fs, dir);
	}
	if (err == -ENODATA || err == -EOPNOTSUPP)
		return false;
	if (err) {
		fs_log(fs, ALCM_LOG_WARNING, "%s: %s: %s; taken as lossless", path, POLICY_XATTR,
			diag.cause[0] ? diag.cause : strerror(-err));
		alcm_profile_default(out);
	}
	return true;
}

/* Up through the parents, by the names that were looked up last. The next one is referred
   to before this one is released, as only a child keeps its parent alive. No directory
   here can be among those kept: it has a child in the table, or is the caller's own. */
void policy_profile(struct fs *fs, struct inode *inode, struct alcm_profile *out)
{
	struct inode *dir;

	{
		WITH_LOCK(&fs->table_lock);
		dir = S_ISDIR(inode->id.type) ? inode : inode->parent;
		if (dir)
			dir->n_lookups++;
	}
	while (dir) {
		bool found = own_profile(fs, dir, out);
		struct inode *up = NULL;

		{
			WITH_LOCK(&fs->table_lock);
			if (!found)
				up = dir->parent;
			if (up)
				up->n_lookups++;
		}
		inode_forget(fs, dir, 1);
		if (found)
			return;
		dir = up;
	}
	*out = fs->profile;
}
