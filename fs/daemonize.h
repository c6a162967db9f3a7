/* SPDX-License-Identifier: MIT */
/*
 * Going into the background. Who started us waits until the mount is served: the status is 0 then, and 1 when it
 * came to nothing, for which the child has said the reason.
 */
#ifndef ALCMFS_DAEMONIZE_H
#define ALCMFS_DAEMONIZE_H

/* Go on as a child in a session of its own; the parent ends in here. 0 or a negative errno. */
int daemonize_fork(int *parent);

/* Let the parent end with 0, and the standard descriptors go. */
void daemonize_done(int parent);

#endif
