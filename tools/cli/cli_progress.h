/* SPDX-License-Identifier: MIT */
/*
 * One line on a terminal that says how far long work has come. On anything that is no
 * terminal nothing is printed at all.
 *
 * A thread draws the line. Work inside one library call, which reports nothing, shows by
 * the bytes that this process has read since the last progress_add(), up to the file's
 * size.
 */
#ifndef ALCM_TOOLS_CLI_PROGRESS_H
#define ALCM_TOOLS_CLI_PROGRESS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct progress {
	bool on; /* only then is anything below used */
	bool color;
	uint64_t started_ns; /* clock_wall_ns() */
	pthread_t thread;
	pthread_mutex_t lock; /* recursive; held while anybody prints; guards what follows */
	pthread_cond_t ended;
	bool shown, ending;
	uint64_t done_bytes, total_bytes;
	uint64_t file_bytes; /* of the file that one library call works on; 0: none */
	uint64_t read_base;  /* what the process had read when that began */
	unsigned n_passes;   /* times that the call reads the file, about */
};

/* True when stderr is a terminal: worth finding out the total beforehand. */
bool progress_wanted(void);

void progress_start(struct progress *p, uint64_t total_bytes);
void progress_end(struct progress *p);

/*
 * A library call is about to work on a file of n_bytes, reading about n_passes times as
 * much; progress_add() ends that.
 */
void progress_file(struct progress *p, uint64_t n_bytes, unsigned n_passes);
void progress_add(struct progress *p, uint64_t n_bytes);

/* Take the line away, and keep it away, while something else is printed. */
void progress_pause(struct progress *p);
void progress_resume(struct progress *p);

#endif
