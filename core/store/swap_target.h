/* SPDX-License-Identifier: MIT */
/* The file that a job in .alcm/swap is for: what state it is in, and where it lies
   now. */
#ifndef ALCM_STORE_SWAP_TARGET_H
#define ALCM_STORE_SWAP_TARGET_H

#include "store/swap_job.h"

/* The states that swap_job.h describes. */
enum swap_target {
	SWAP_TARGET_OTHER,
	SWAP_TARGET_MARKED,
	SWAP_TARGET_BEFORE,
	SWAP_TARGET_AFTER,
};

/*
 * Open the target: at its path, or the file of the store that is marked with the job's
 * ID, or has its inode number and is as before or after. A descriptor and its state; it
 * can be written to, but for a file as before. -ENOENT: no file of the store is it.
 * -EPERM: the job's owner doesn't own it. Other errors: where one can't look, the target
 * could be.
 */
int swap_target_open(int store_dirfd, const struct swap_job *job,
	enum swap_target *state);

/* The mark at the head of the file `fd`. False: there is none. */
bool swap_target_mark(int fd, struct conversion *out);

/* The ID of a mark as a job's. */
void swap_target_id(const struct conversion *mark, char id[SWAP_ID_CHARS + 1]);

#endif
