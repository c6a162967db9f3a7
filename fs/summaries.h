/* SPDX-License-Identifier: MIT */
/* Keeps the summaries of directories in the store current (alcm_summary_refresh() says
   how): when one is looked up, and by a thread a while after the last change. */
#ifndef ALCMFS_SUMMARIES_H
#define ALCMFS_SUMMARIES_H

#include "background.h"
#include "base/lock.h"

struct summaries {
	/* one maker at a time; outermost, and held across I/O on sidecars */
	struct lock making;
	struct background work;
};

/* Start the thread; only in the process that serves. 0, or a negative errno. */
int summaries_start(struct fs *fs);

/* Make missing summaries, and end the thread. */
void summaries_stop(struct fs *fs);

/* Reports were added, changed or removed. */
void summaries_changed(struct fs *fs);

/* Make the summary of the directory of reports `dir` ("": the topmost), if it has any. */
void summaries_refresh(struct fs *fs, const char *dir);

#endif
