/* SPDX-License-Identifier: MIT */
/*
 * Going into the background. The process that was started waits until its child serves
 * the mount. It exits with 0 then, and with 1 if the child ends before; the child has
 * said why.
 */
#ifndef ALCMFS_DAEMONIZE_H
#define ALCMFS_DAEMONIZE_H

/* Go on as a child in a session of its own. The parent never returns from here. 0 or a
   negative errno. */
int daemonize_fork(int *parent);

/* Let the parent exit with 0, and give up the standard descriptors. */
void daemonize_done(int parent);

#endif
