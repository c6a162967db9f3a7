/* SPDX-License-Identifier: MIT */
/* The admin directory: reports in a tree that mirrors the store, .alcm/caq/PATH.json. */
#ifndef ALCMFS_ADMIN_H
#define ALCMFS_ADMIN_H

#include "fs.h"

/* Write the report of a file, or remove it if the file isn't a blob; best effort.
   `path_fd`: its O_PATH. No lock is held. */
void admin_write_report(struct fs *fs, struct inode *inode, int path_fd);

/* Write the report of a save with a lossy profile. Why its values weren't changed is
   known only to the commit. The inode is pinned, and no lock is held. */
void admin_write_lossy(struct fs *fs, struct inode *inode, const struct alcm_info *info);

/* The scheduler of an open file's directory; in its first state if none is stored. The
   state is kept among the directory's reports. */
void admin_read_scheduler(struct fs *fs, int file_fd, struct alcm_scheduler *out);
void admin_write_scheduler(struct fs *fs, int file_fd,
	const struct alcm_scheduler *scheduler);

/*
 * The report of a file, and the scheduler state of a directory, as JSON freed with
 * alcm_free_text(); `path_fd`: its O_PATH. The report is compared with the blob or made
 * from it, so it is current. No lock is held. -ENODATA: it isn't a blob; no lossy file
 * was saved there.
 */
int admin_report(struct fs *fs, struct inode *inode, int path_fd, char **out);
int admin_scheduler(struct fs *fs, int path_fd, char **out);

/* dir_fd/name is about to be looked up inside .alcm: create or update it if possible. */
void admin_refresh(struct fs *fs, int dir_fd, const char *name);

/*
 * Move or remove the reports of a file or directory; best effort. Called after the
 * change. admin_moved() returns true if the file's report must be written again: it has
 * the old name in it, or was already written under the new name and taken for another
 * file's.
 */
bool admin_moved(struct fs *fs, int from_fd, const char *from, int to_fd, const char *to,
	unsigned flags);
void admin_removed(struct fs *fs, int dir_fd, const char *name, bool is_dir);

#endif
