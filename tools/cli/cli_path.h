/* SPDX-License-Identifier: MIT */
/* Absolute paths of any length. The kernel accepts at most 4,096 bytes at once. */
#ifndef ALCM_TOOLS_CLI_PATH_H
#define ALCM_TOOLS_CLI_PATH_H

/*
 * The path without links and dots, as realpath(3) returns it. NULL with errno.
 * ENAMETOOLONG remains for an operand that is itself too long, and for a link to a file
 * with such a path.
 */
char *path_real(const char *path);

/* Open a path that path_real() returned, or a directory above it. A descriptor or a
   negative errno. */
int path_open(const char *real, int flags);

#endif
