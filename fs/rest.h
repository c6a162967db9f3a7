/* SPDX-License-Identifier: MIT */
/*
 * Memory at rest: when a second went by without a request, what is only kept to make the
 * next one fast goes back to the system, so that a mount on which nobody works takes as
 * little after a month as on its first day.
 */
#ifndef ALCMFS_REST_H
#define ALCMFS_REST_H

#include <stdatomic.h>
#include <stdbool.h>

#include "background.h"

struct rest {
	/* by a request, since the last look; relaxed: it protects nothing */
	_Atomic bool ended;
	struct background work;
};

/* Start looking; in the process that serves. 0, or a negative errno. */
int rest_start(struct fs *fs);
void rest_stop(struct fs *fs);

/* A request that may take or free memory is at work. Costs a load. */
void rest_end(struct fs *fs);

#endif
