/* SPDX-License-Identifier: MIT */
/* The job files of swap.c: what they say, and finding their targets again. */
#ifndef ALCM_BLOB_SWAP_JOB_H
#define ALCM_BLOB_SWAP_JOB_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct swap_dir {
	int store_fd; /* borrowed */
	int fd;       /* .alcm/swap */
};

struct swap_job {
	char id[40];
	uint64_t ino;
	struct timespec mtime;
	char path[PATH_MAX]; /* relative to the store */
	bool written;
};

int swap_dir_open(int store_fd, struct swap_dir *out); /* made if needed */
void swap_dir_close(struct swap_dir *dir);

/* Choose job->id and make its empty .new file. */
int swap_new_file(struct swap_dir *dir, struct swap_job *job, int *fd);

/* Write the job durably; job->written says whether it may be there. */
int swap_job_write(struct swap_dir *dir, struct swap_job *job);
void swap_job_remove(struct swap_dir *dir, const struct swap_job *job);

/* swap.c: overwrite `target` with new_fd's content, restore its mtime, sync. */
int swap_apply(int new_fd, int target, const struct timespec *mtime);

#endif
