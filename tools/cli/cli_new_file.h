/* SPDX-License-Identifier: MIT */
/* A file that appears whole or not at all: written under a short name of its own, then
   renamed. */
#ifndef ALCM_TOOLS_CLI_NEW_FILE_H
#define ALCM_TOOLS_CLI_NEW_FILE_H

#include <stdbool.h>

struct new_file {
	int fd;           /* to write to; mode 0600 */
	int dirfd;        /* of its directory */
	const char *name; /* what it is to be called there; the caller's */
	char tmp[32];     /* what it is called now; short, whatever `name` is */
};

/*
 * Begin a file that will be `path`, relative to the directory `at` as with openat(2);
 * `path` must outlive it. 0 or a negative errno. To be ended by one of the next two.
 */
int new_file_begin(int at, const char *path, struct new_file *out);

/* Close it and give it its name. -EEXIST: that is taken, unless `replace`. On failure
   nothing is left of it. */
int new_file_end(struct new_file *file, bool replace);

/* Forget it. */
void new_file_drop(struct new_file *file);

#endif
