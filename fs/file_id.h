/* SPDX-License-Identifier: MIT */
/*
 * The identity of a file in the store. A file has one identity for its whole life, under
 * all of its names. Two files that have the same inode number one after the other have
 * different identities. An identity is valid while the store is mounted and is never
 * written to disk.
 *
 *   store                             identified by
 *   ext4, xfs, btrfs, tmpfs, NFS, …   type, device, inode number, birth time if there is
 *                                     one, file handle
 *   overlayfs with file handles       type, file system, file handle: copying a file up
 *                                     changes its birth time, and between layers on
 *                                     different devices its number, too
 *   overlayfs without them            type, device, inode number (weak)
 *   FUSE, others without handles      type, device, inode number, birth time (weak
 *                                     without one)
 */
#ifndef ALCMFS_FILE_ID_H
#define ALCMFS_FILE_ID_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

/* Every inode in memory has one, so it is small. */
struct file_id {
	/* the device, or the file system of a file identified by its handle alone */
	uint64_t where;
	uint64_t number;  /* the inode number; 0 where it isn't used */
	uint64_t life[2]; /* hash of handle and birth time, if there are any */
	mode_t type;      /* S_IFMT part of the mode */
	bool weak;        /* it has neither */
};

/* The identity of the file behind `fd`, which may be O_PATH. 0 or a negative errno. */
int file_id_get(int fd, struct file_id *out);

bool file_id_same(const struct file_id *a, const struct file_id *b);

/* A hash; equal identities have equal ones. */
uint64_t file_id_hash(const struct file_id *id);

/* Whether another file can get this identity as soon as nothing holds this one. Then a
   descriptor must be held while the file is in use. */
bool file_id_is_weak(const struct file_id *id);

#endif
