/* SPDX-License-Identifier: MIT */
/*
 * The activity of a mount, for people and programs to watch: counters, and the files that
 * are open for writing. Shown as .alcm/stats (JSON, docs/stats.schema.json) and
 * .alcm/metrics (Prometheus text).
 */
#ifndef ALCMFS_ACTIVITY_H
#define ALCMFS_ACTIVITY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/lock.h"

struct fs;
struct inode;

enum activity_counter {
	ACTIVITY_WRITTEN_BYTES, /* written by applications */
	/* requested by the kernel; its page cache answers the rest */
	ACTIVITY_READ_BYTES,
	ACTIVITY_BLOB_WRITTEN_BYTES, /* the part that went into blobs */
	ACTIVITY_BLOB_READ_BYTES,    /* the part that came from blobs */
	ACTIVITY_N_COMMITS,          /* saves that were made final */
	ACTIVITY_N_CONVERTED,        /* files that were compressed after being idle */
	ACTIVITY_N_IO_ERRORS,        /* requests answered with EIO */
	ACTIVITY_N_SPACE_ERRORS,     /* requests answered with ENOSPC or EDQUOT */
	ACTIVITY_N_LOGGED_ERRORS,    /* lines of level error in the log */
	ACTIVITY_COUNTERS,
};

LIST_HEAD(writing_list, activity_writing);

struct activity {
	_Atomic uint64_t counters[ACTIVITY_COUNTERS]; /* relaxed: independent of each other */
	uint64_t start_ns;                            /* clock_wall_ns() */
	struct lock lock;            /* guards the list and its members; a leaf */
	struct writing_list writing; /* newest first */
	unsigned n_writing;
};

/* A file that is open for writing. Embedded in its content. */
struct activity_writing {
	struct inode *inode;               /* constant */
	LIST_ENTRY(activity_writing) list; /* guarded by activity->lock, as since_ns */
	uint64_t since_ns;
	_Atomic uint64_t written_bytes; /* since then */
};

void activity_init(struct activity *activity);
void activity_count(struct activity *activity, enum activity_counter what, uint64_t n);

/* A request was answered with this result: 0 or a negative errno. */
void activity_count_result(struct activity *activity, int result);

/* The first writer opened the file; the last one closed it. */
void activity_writing_begin(struct activity *activity, struct activity_writing *writing);
void activity_writing_end(struct activity *activity, struct activity_writing *writing);

#endif
