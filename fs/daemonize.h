/* SPDX-License-Identifier: MIT */
/*
 * Going into the background. The started process waits until its child serves the mount,
 * and then exits with 0. It exits with 1 if the child ends before; the child has printed
 * why.
 */
#ifndef ALCMFS_DAEMONIZE_H
#define ALCMFS_DAEMONIZE_H

/* Continue as a child in its own session. The parent never returns from here. 0 or a
   negative errno. */
int daemonize_fork(int *parent);

/* Let the parent exit with 0, and give up the standard descriptors. */
void daemonize_done(int parent);

#endif
