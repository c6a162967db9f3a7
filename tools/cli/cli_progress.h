/* SPDX-License-Identifier: MIT */
/*
 * A progress line on a terminal. If stderr isn't a terminal, nothing is printed.
 *
 * A thread draws the line. A library call doesn't report progress. During a call, the
 * line shows the bytes that the process has read since the last progress_add(), at most
 * the size of the file.
 */
#ifndef ALCM_TOOLS_CLI_PROGRESS_H
#define ALCM_TOOLS_CLI_PROGRESS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct progress {
	bool on; /* if false, nothing below is used */
	bool color;
	uint64_t started_ns; /* clock_wall_ns() */
	pthread_t thread;
	pthread_mutex_t lock; /* recursive; held while printing; guards the fields below */
	pthread_cond_t ended;
	bool shown, ending;
	uint64_t done_bytes, total_bytes;
	uint64_t file_bytes; /* size of the file in a library call; 0: none */
	uint64_t read_base;  /* bytes the process had read when the call began */
	unsigned n_passes;   /* about how often the call reads the file */
};

/* Whether stderr is a terminal, so that finding the total is worth it. */
bool progress_wanted(void);

void progress_start(struct progress *p, uint64_t total_bytes);
void progress_end(struct progress *p);

/* A library call begins on a file of n_bytes, and will read about n_passes times as much.
   It ends with progress_add(). */
void progress_file(struct progress *p, uint64_t n_bytes, unsigned n_passes);
void progress_add(struct progress *p, uint64_t n_bytes);

/* Remove the line while other text is printed. */
void progress_pause(struct progress *p);
void progress_resume(struct progress *p);

#endif
