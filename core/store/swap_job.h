/* SPDX-License-Identifier: MIT */
/*
 * Replacing a file's content in place, safe against a crash at any moment. In
 * STORE/.alcm/swap:
 *
 *     ID.part, ID.new  the new content: while it is built; whole
 *     ID.job           what to do with it, a small text
 *
 *     1. ID.part   is made durable
 *     2. ID.new,   its new name, and ID.job are made durable
 *     3. target    its head becomes a mark with ID, durable: the commit point
 *     4. target    the rest is copied and made durable
 *     5. target    the head is copied
 *     6. ID.new,   then ID.job are removed
 *
 * The mark (blob/conversion.h) says which file is the job's, beyond doubt: in a copy of
 * the store, where inode numbers are others, and after a rename. After a crash the target
 * is in one of these states:
 *
 *     marked with ID   neither old nor new: everything is copied once more from ID.new
 *     as before        by size, mtime and the hash of its head: it is whole, the job is
 *                      dropped
 *     as after         by the hash of all of its bytes: mode and mtime are set, the job
 *                      is dropped
 *     any other        somebody else's file: left alone, and so are job and new, which
 *                      may be the only whole copy
 *
 * A .part was never begun with, so its target is whole: it is garbage. A .new outlives
 * its job only where somebody removed that: it is reported and kept, as a marked file may
 * need it.
 *
 * The owner of a store can put jobs there. Jobs that aren't our own are done to files of
 * their owner only, from a .new of their owner, and give no set-id bits: nothing that
 * they could not do themselves.
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
	/* of the target below the store, where to look first; "": too long */
	char path[PATH_MAX];
	uint64_t ino; /* of the target when the job was made: where to look next */
	struct swap_print before; /* of its head */
	struct swap_print after;  /* of all of it, which .new must have */
	uint64_t logical_bytes;
	uint32_t mode;         /* to be kept, as the next */
	struct timespec mtime; /* of the target, before and after */
	bool pack;             /* plain → blob; else the other way round */
	/* of the .job that was read: with whose rights it may be done */
	uid_t owner;
};

/* Moments at which a crash is interesting. */
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

/* For tests: called at each step; may end the process. NULL: nobody. */
void swap_set_hook_for_tests(void (*hook)(enum swap_step step));
void swap_step(enum swap_step step);

/* STORE/.alcm/swap as a descriptor; made, if it isn't there, when `make` is set. */
int swap_dir_open(int store_dirfd, bool make);

/* Remove STORE/.alcm/swap if it is empty, and then STORE/.alcm. */
void swap_dir_remove(int store_dirfd);

/* Make a fresh ID.part, for the new content; its descriptor. Fills job->id. */
int swap_new_create(int dir, struct swap_job *job);

/* Throw away the new content of a job that wasn't begun with. */
void swap_new_drop(int dir, const struct swap_job *job);

/* Write ID.job; ID.part, which is durable, becomes ID.new. */
int swap_job_commit(int dir, const struct swap_job *job);

/* -ENOENT: no such job. -EINVAL: none, or one that must not be trusted. */
int swap_job_read(int dir, const char *id, struct swap_job *job);

/* The bytes of the job's mark. */
void swap_job_mark_bytes(const struct swap_job *job, uint8_t mark[CONVERSION_BYTES]);

/*
 * Mark the target, which from then on can't be used until swap_job_apply() is through. On
 * failure it is as it was, and the job must go, but for -EINPROGRESS: its head could not
 * be put back.
 */
int swap_job_mark(const struct swap_job *job, int target_fd);

/* Overwrite the marked target by the new content, restore mode and mtime, make it
   durable. */
int swap_job_apply(const struct swap_job *job, int new_fd, int target_fd);

/* The end of that: the target has the new content; restore mode and mtime, make it
   durable. */
int swap_job_settle(const struct swap_job *job, int target_fd);

/* The target wasn't touched: remove the job only; its .new is garbage then. */
int swap_job_drop(int dir, const struct swap_job *job);

/* The target is durable: remove .new and job. */
int swap_job_finish(int dir, const struct swap_job *job);

/* False: the path could lead out of the store, or into .alcm. */
bool swap_path_valid(const char *path);

#endif
