/* SPDX-License-Identifier: MIT */
#include "policy.h"

#include <sys/xattr.h>

#include "inode.h"
#include "path.h"

/* The profile that a directory itself names. */
static bool own_profile(struct fs *fs, struct inode *dir, struct alcm_profile *out)
{
	char proc[PATH_PROC], text[64];
	bool found = false;
	ssize_t n;
	int fd;

	if (inode_pin(fs, dir, &fd))
		return false;
	n = getxattr(path_proc(fd, proc), POLICY_XATTR, text, sizeof(text) - 1);
	if (n > 0) {
		text[n] = '\0';
		found = !alcm_profile_parse(text, out, NULL);
	}
	inode_unpin(fs, dir);
	return found;
}

void policy_profile(struct fs *fs, struct inode *inode, struct alcm_profile *out)
{
	pthread_mutex_lock(&fs->table_lock);

	struct inode *dir = S_ISDIR(inode->type) ? inode : inode->parent;

	if (dir)
		dir->n_lookups++;
	pthread_mutex_unlock(&fs->table_lock);
	while (dir) {
		bool found = own_profile(fs, dir, out);
		struct inode *up = NULL;

		pthread_mutex_lock(&fs->table_lock);
		if (!found)
			up = dir->parent;
		if (up)
			up->n_lookups++;
		pthread_mutex_unlock(&fs->table_lock);
		inode_forget(fs, dir, 1);
		if (found)
			return;
		dir = up;
	}
	*out = fs->profile;
}
