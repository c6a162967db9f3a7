/* SPDX-License-Identifier: MIT */
/* A file that appears complete or not at all: written under a temporary name, then
   renamed. */
#ifndef ALCM_TOOLS_CLI_NEW_FILE_H
#define ALCM_TOOLS_CLI_NEW_FILE_H

#include <stdbool.h>

struct new_file {
	int fd;           /* to write to; mode 0600 */
	int dirfd;        /* of its directory */
	const char *name; /* its final name there; owned by the caller */
	/* its temporary name; short, even if `name` is as long as names can be */
	char tmp[32];
};

/*
 * Begin a file that will be `path`, relative to the directory `at` as with openat(2).
 * `path` must stay valid until new_file_end() or new_file_drop(). 0 or a negative errno.
 */
int new_file_begin(int at, const char *path, struct new_file *out);

/* Close it and rename it. -EEXIST: the name is taken, and not `replace`. On failure
   nothing is left. */
int new_file_end(struct new_file *file, bool replace);

/* Close and remove it. */
void new_file_drop(struct new_file *file);

#endif
