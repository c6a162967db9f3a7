/* SPDX-License-Identifier: MIT */
/*
 * Which file of the store a descriptor refers to. One file has one identity for its whole
 * life, under all of its names, and two files that follow one another under one inode
 * number have two. It is valid while the store is mounted and is never written to disk.
 *
 *   store                             what tells files apart
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

/* Every inode has one in memory, so it is small. */
struct file_id {
	/* the device; of a file known by its handle alone, its file system */
	uint64_t where;
	uint64_t number;  /* the inode number; 0 where it says nothing */
	uint64_t life[2]; /* hash of handle and birth time, as far as there are any */
	mode_t type;      /* S_IFMT part of the mode */
	bool weak;        /* there is neither */
};

/* The identity of the file behind `fd`, which may be O_PATH. 0 or a negative errno. */
int file_id_get(int fd, struct file_id *out);

bool file_id_same(const struct file_id *a, const struct file_id *b);

/* The same for all identities that are the same. */
uint64_t file_id_hash(const struct file_id *id);

/*
 * Whether another file can get this identity as soon as nothing holds the file. A
 * descriptor has to be held then while the file is in use.
 */
bool file_id_is_weak(const struct file_id *id);

#endif
