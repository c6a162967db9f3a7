/* SPDX-License-Identifier: MIT */
/* Absolute paths of any length: the kernel takes at most 4,096 bytes at once. */
#ifndef ALCM_TOOLS_CLI_PATH_H
#define ALCM_TOOLS_CLI_PATH_H

/*
 * The path without links and dots, as realpath(3) gives it. NULL with errno; ENAMETOOLONG
 * is left for an operand that is too long itself, and for a link that leads to a file
 * whose path is too long.
 */
char *path_real(const char *path);

/* Open a path that path_real() gave, or a directory above it. A descriptor or a negative
   errno. */
int path_open(const char *real, int flags);

#endif
