/* SPDX-License-Identifier: MIT */
/*
 * Memory at rest: after a second without a request, memory that is only kept to make the
 * next one fast goes back to the system. So an unused mount takes as little memory after
 * a month as on its first day.
 */
#ifndef ALCMFS_REST_H
#define ALCMFS_REST_H

#include <stdatomic.h>
#include <stdbool.h>

#include "background.h"

struct rest {
	/* a request came since the last look; relaxed: it protects nothing */
	_Atomic bool ended;
	struct background work;
};

/* Start looking; only in the process that serves. 0, or a negative errno. */
int rest_start(struct fs *fs);
void rest_stop(struct fs *fs);

/* A request that may take or free memory is running. Usually costs one load. */
void rest_end(struct fs *fs);

#endif
