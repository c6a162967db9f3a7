/* SPDX-License-Identifier: MIT */
/* The admin directory: reports in a tree that mirrors the store, .alcm/caq/PATH.json. */
#ifndef ALCMFS_ADMIN_H
#define ALCMFS_ADMIN_H

#include "fs.h"

/* Write the report of a file, or remove it if it is no blob; best effort. `path_fd`: its
   O_PATH; no lock is held. */
void admin_write_report(struct fs *fs, struct inode *inode, int path_fd);

/*
 * Write the report of a save that a lossy profile was to change: only who did that knows
 * why it didn't. The inode is pinned, no lock is held.
 */
void admin_write_lossy(struct fs *fs, struct inode *inode, const struct alcm_info *info);

/*
 * The scheduler of the directory that an open file lies in; as before the first save when
 * there is no state. Its state is kept among the directory's reports.
 */
void admin_read_scheduler(struct fs *fs, int file_fd, struct alcm_scheduler *out);
void admin_write_scheduler(struct fs *fs, int file_fd,
	const struct alcm_scheduler *scheduler);

/*
 * The report of a file, and the state of the scheduler of a directory, as JSON freed with
 * alcm_free_text(); `path_fd`: its O_PATH. The report is compared with the blob or made
 * from it, so it isn't stale. No lock is held. -ENODATA: it is no blob; no lossy file was
 * saved there.
 */
int admin_report(struct fs *fs, struct inode *inode, int path_fd, char **out);
int admin_scheduler(struct fs *fs, int path_fd, char **out);

/* dir_fd/name is about to be looked up inside .alcm: make it exist and be current if it
   can be. */
void admin_refresh(struct fs *fs, int dir_fd, const char *name);

/*
 * Reports follow their files; best effort. Called after the change. True: the file's
 * report is to be written again. It has the old name in it, or was written under the new
 * one already and taken for another file's.
 */
bool admin_moved(struct fs *fs, int from_fd, const char *from, int to_fd, const char *to,
	unsigned flags);
void admin_removed(struct fs *fs, int dir_fd, const char *name, bool is_dir);

#endif
