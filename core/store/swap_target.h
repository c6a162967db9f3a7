/* SPDX-License-Identifier: MIT */
/* The file that a job in .alcm/swap is for: its state, and where it lies now. */
#ifndef ALCM_STORE_SWAP_TARGET_H
#define ALCM_STORE_SWAP_TARGET_H

#include "store/swap_job.h"

/* The states are described in swap_job.h. */
enum swap_target {
	SWAP_TARGET_OTHER,
	SWAP_TARGET_MARKED,
	SWAP_TARGET_BEFORE,
	SWAP_TARGET_AFTER,
};

/*
 * Find and open the target, and return a descriptor and its state. It is the file that
 * has the job's path, is marked with the job's ID, or has the job's inode number and is
 * as before or after. The descriptor is writable, except for a file as before. -ENOENT:
 * the store has no such file. -EPERM: it doesn't belong to the job's owner. Other errors:
 * some place could not be searched, and the target could be there.
 */
int swap_target_open(int store_dirfd, const struct swap_job *job,
	enum swap_target *state);

/* Read the mark at the head of the file `fd`. False: there is none. */
bool swap_target_mark(int fd, struct conversion *out);

/* Format the ID of a mark like that of a job. */
void swap_target_id(const struct conversion *mark, char id[SWAP_ID_CHARS + 1]);

#endif
