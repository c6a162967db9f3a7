/* SPDX-License-Identifier: MIT */
/*
 * The virtual files of .alcm: texts in memory files, which the kernel then reads like
 * others.
 *
 * Each lookup makes a file with the figures of that moment, so a reader that takes
 * several reads sees one text. The memory file is a real inode with a descriptor, which
 * the table of inodes handles like any other; when the kernel forgets it, it is gone.
 * Names in .alcm aren't cached, so the next open makes another one.
 *
 * To add a file, write a function that makes the text and add a row to `files`. op_dir.c
 * lists at most MAX_VIRTUAL of them.
 */
#include "virtual.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "inode.h"
#include "mount_stats.h"

static const struct {
	const char *name;
	char *(*make)(struct fs *fs, bool names);
} files[] = {
	{ "stats", stats_json },
	{ "metrics", stats_prometheus },
};

enum { N_FILES = sizeof(files) / sizeof(files[0]) };

bool virtual_in(const struct fs *fs, const struct inode *dir)
{
	return dir->admin && dir->parent == fs->root;
}

const char *virtual_name(unsigned k)
{
	return k < N_FILES ? files[k].name : NULL;
}

static int text_to_fd(const char *name, const char *text)
{
	AUTO_CLOSE int fd = memfd_create(name, MFD_CLOEXEC);
	int err = fd < 0 ? -errno : fd_write(fd, text, strlen(text));

	return err ?: or_errno(fchmod(fd, 0444)) ?: fd_steal(&fd);
}

int virtual_open(struct fs *fs, const char *name, uid_t uid)
{
	for (size_t k = 0; k < N_FILES; k++) {
		char *text;
		int fd;

		if (strcmp(name, files[k].name) != 0)
			continue;
		/* Names of files are only shown to users who may read all of them. */
		text = files[k].make(fs, uid == 0 || uid == geteuid());
		fd = text ? text_to_fd(name, text) : -ENOMEM;
		free(text);
		return fd;
	}
	return -ENOENT;
}
