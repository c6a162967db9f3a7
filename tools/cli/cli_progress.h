/* SPDX-License-Identifier: MIT */
/*
 * One line on a terminal that says how far long work has come. On anything that is no
 * terminal nothing is printed at all.
 */
#ifndef ALCM_TOOLS_CLI_PROGRESS_H
#define ALCM_TOOLS_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	bool on, shown, color;
	uint64_t done_bytes, total_bytes;
	double started, printed; /* seconds of the monotonic clock */
};

/* True when stderr is a terminal: worth finding out the total beforehand. */
bool progress_wanted(void);

void progress_start(struct progress *p, uint64_t total_bytes);
void progress_add(struct progress *p, uint64_t n_bytes);

/* Take the line away so that something else can be printed; the next _add() shows it again. */
void progress_hide(struct progress *p);
void progress_end(struct progress *p);

#endif
