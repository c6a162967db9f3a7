/* SPDX-License-Identifier: MIT */
/*
 * Replacing a file's content in place, safe against a crash at any moment. The files in
 * STORE/.alcm/swap are:
 *
 *     ID.part   the new content while it is built
 *     ID.new    the new content, complete
 *     ID.job    what to do with it; a small text
 *
 * The steps are:
 *
 *     1. ID.part   is made durable
 *     2. ID.new,   its new name, and ID.job are made durable
 *     3. target    its head becomes a mark with ID, durable: the commit point
 *     4. target    the rest is copied and made durable
 *     5. target    the head is copied
 *     6. ID.new,   then ID.job are removed
 *
 * The mark (blob/conversion.h) identifies the job's file beyond doubt: also after a
 * rename, and in a copy of the store, where inode numbers differ. After a crash the
 * target is in one of these states:
 *
 *     marked with ID   neither old nor new: everything is copied once more from ID.new
 *     as before        by size, mtime and the hash of its head: it is whole, and the job
 *                      is dropped
 *     as after         by the hash of all of its bytes: mode and mtime are set, and the
 *                      job is dropped
 *     any other        another file: it is left alone, and so are job and new, which may
 *                      be the only whole copy
 *
 * The job of a .part was never started, so its target is whole and the .part is garbage.
 * A .new loses its job only if the job was removed by hand. It is reported and kept,
 * because a marked file may need it.
 *
 * The owner of a store can put jobs there. A job of another owner is only applied to that
 * owner's files, only from a .new of that owner, and gives no set-id bits. So it does
 * nothing that its owner could not do directly.
 */
#ifndef ALCM_STORE_SWAP_JOB_H
#define ALCM_STORE_SWAP_JOB_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <time.h>

#include "blob/conversion.h"
#include "store/swap_print.h"

enum { SWAP_ID_CHARS = 2 * CONVERSION_ID_BYTES };

struct swap_job {
	char id[SWAP_ID_CHARS + 1]; /* hexadecimal */
	/* of the target within the store, tried first; "": too long */
	char path[PATH_MAX];
	uint64_t ino;             /* of the target when the job was made; tried next */
	struct swap_print before; /* of the target's head */
	struct swap_print after;  /* of the whole new content; .new must match */
	uint64_t logical_bytes;
	uint32_t mode;         /* of the target; kept */
	struct timespec mtime; /* of the target; kept */
	bool pack;             /* plain → blob; else the other way round */
	/* of the .job that was read; it limits what the job may do */
	uid_t owner;
};

/* The moments at which tests simulate a crash. */
enum swap_step {
	SWAP_NEW_MADE,
	SWAP_NEW_DURABLE,
	SWAP_JOB_WRITTEN, /* under its temporary name */
	SWAP_JOB_DURABLE,
	SWAP_COMMITTED, /* the target is marked */
	SWAP_COPYING,   /* after each piece */
	SWAP_COPIED,    /* all but the head, and durable */
	SWAP_HEAD_COPIED,
	SWAP_TARGET_DURABLE,
	SWAP_NEW_REMOVED,
	SWAP_STEPS,
	SWAP_MARK_CUT, /* of a content shorter than the mark, before SWAP_HEAD_COPIED */
};

/* For tests: called at each step; may end the process. NULL: none. */
void swap_set_hook_for_tests(void (*hook)(enum swap_step step));
void swap_step(enum swap_step step);

/* Open STORE/.alcm/swap; `make`: make it if it isn't there. A descriptor or a negative
   errno. */
int swap_dir_open(int store_dirfd, bool make);

/* Remove STORE/.alcm/swap if it is empty, and then STORE/.alcm. */
void swap_dir_remove(int store_dirfd);

/* Make a new ID.part for the new content, and fill in job->id. Returns its descriptor. */
int swap_new_create(int dir, struct swap_job *job);

/* Remove the new content of a job that was not started. */
void swap_new_drop(int dir, const struct swap_job *job);

/* Rename ID.part, which is durable, to ID.new, and write ID.job. */
int swap_job_commit(int dir, const struct swap_job *job);

/* -ENOENT: no such job. -EINVAL: not a job, or one that must not be trusted. */
int swap_job_read(int dir, const char *id, struct swap_job *job);

/* The bytes of the job's mark. */
void swap_job_mark_bytes(const struct swap_job *job, uint8_t mark[CONVERSION_BYTES]);

/*
 * Mark the target. From then on it can't be used until swap_job_apply() succeeds. On
 * failure the target is unchanged and the job must be removed. -EINPROGRESS: the old head
 * could not be put back, and the job must stay.
 */
int swap_job_mark(const struct swap_job *job, int target_fd);

/* Overwrite the marked target with the new content, restore mode and mtime, make it
   durable. */
int swap_job_apply(const struct swap_job *job, int new_fd, int target_fd);

/* The last part of that, for a target that has the new content already. */
int swap_job_settle(const struct swap_job *job, int target_fd);

/* For an unchanged target: remove only the job. Its .new becomes garbage. */
int swap_job_drop(int dir, const struct swap_job *job);

/* For a durable target: remove .new and job. */
int swap_job_finish(int dir, const struct swap_job *job);

/* False: the path could lead out of the store, or into .alcm. */
bool swap_path_valid(const char *path);

#endif
