/* SPDX-License-Identifier: MIT */
/* The lines of /proc/PID/mountinfo, as proc(5) describes them. */
#ifndef ALCM_BASE_MOUNTINFO_H
#define ALCM_BASE_MOUNTINFO_H

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>

/* One mount. Names are as the kernel knows them, without escapes. */
struct mountinfo {
	char root[PATH_MAX];  /* the directory of the filesystem that is mounted */
	char point[PATH_MAX]; /* where it is mounted */
	char type[64];
	char super_options[256]; /* "" if longer */
};

/* The next mount of the open file `f`; false at its end. Lines of another form are
   skipped. */
bool mountinfo_next(FILE *f, struct mountinfo *out);

#endif
