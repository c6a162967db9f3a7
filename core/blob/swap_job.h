/* SPDX-License-Identifier: MIT */
/*
 * Replacing a file's content in place, safe against a crash at any moment. In STORE/.alcm/swap:
 *
 *     ID.new  the whole new content          ID.job  what to do with it, a small text
 *
 *     ID.new made durable ──► ID.job made durable ──► target overwritten, made durable ──► job,
 *                             (the commit point)      again after a crash                then new
 *                                                                                       removed
 *
 * Without a job a .new is refuse. With one the target's content counts for nothing: it is
 * copied anew from .new, as often as need be.
 *
 * Whoever owns the store can put jobs there. Those that aren't our own are done to files of their owner
 * only, from a .new of their owner, and give no set-id bits: nothing that they could not do themselves.
 */
#ifndef ALCM_BLOB_SWAP_JOB_H
#define ALCM_BLOB_SWAP_JOB_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <time.h>

enum { SWAP_ID_CHARS = 16 };

struct swap_job {
	char id[SWAP_ID_CHARS + 1];
	char path[PATH_MAX]; /* of the target below the store; where to look first */
	uint64_t ino;        /* the target is what has this inode number */
	uint64_t size;       /* of the new content */
	uint32_t mode;       /* to be kept, as the next */
	struct timespec mtime;
	bool pack;   /* plain → blob; else the other way round */
	uid_t owner; /* of the .job that was read: with whose rights it may be done */
};

/* Moments at which a crash is interesting. */
enum swap_step {
	SWAP_NEW_MADE,
	SWAP_NEW_DURABLE,
	SWAP_JOB_WRITTEN, /* under its temporary name */
	SWAP_COMMITTED,
	SWAP_COPYING, /* after each piece */
	SWAP_COPIED,
	SWAP_TARGET_DURABLE,
	SWAP_JOB_REMOVED,
	SWAP_STEPS,
};

/* For tests: called at each step; may end the process. NULL: nobody. */
void swap_set_hook_for_tests(void (*hook)(enum swap_step step));
void swap_step(enum swap_step step);

/* STORE/.alcm/swap as a descriptor; made, if it isn't there, when `make` is set. */
int swap_dir_open(int store_dirfd, bool make);

/*
 * The first run of data in [at, size) of a file as [*from, *to); *from is size when there is
 * none. Where the filesystem can't tell everything is data.
 */
int swap_next_data(int fd, uint64_t at, uint64_t size, uint64_t *from, uint64_t *to);

/* Make a fresh ID.new; its descriptor. Fills job->id. */
int swap_new_create(int dir, struct swap_job *job);

/* Throw away a .new that has no job. */
void swap_new_drop(int dir, const struct swap_job *job);

/* Write ID.job, of which ID.new is durable. On success the swap will happen. */
int swap_job_commit(int dir, const struct swap_job *job);

/* -EINVAL: no job, or one that must not be trusted. */
int swap_job_read(int dir, const char *id, struct swap_job *job);

/* Overwrite the target by the new content, restore mode and mtime, make it durable. */
int swap_job_apply(const struct swap_job *job, int new_fd, int target_fd);

/* The target is durable: remove job and .new. */
int swap_job_finish(int dir, const struct swap_job *job);

/* fsync(2), over signals. */
int swap_fsync(int fd);

/* False: the path could lead out of the store, or into .alcm. */
bool swap_path_valid(const char *path);

#endif
