/* SPDX-License-Identifier: MIT */
/* The lines of /proc/PID/mountinfo, as proc(5) describes them. */
#ifndef ALCM_BASE_MOUNTINFO_H
#define ALCM_BASE_MOUNTINFO_H

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>

/* One mount. Names are as the kernel knows them, without escapes. */
struct mountinfo {
	int id, parent;
	unsigned major, minor; /* of the filesystem */
	char root[PATH_MAX];   /* the directory of the filesystem that is mounted */
	char point[PATH_MAX];  /* where it is mounted */
	char type[64];
	char options[256];       /* of the mount; "" if longer, as the next */
	char super_options[256]; /* of the filesystem */
};

/* The next mount of the open file `f`; false at its end. Lines of another form are
   skipped. */
bool mountinfo_next(FILE *f, struct mountinfo *out);

/* The topmost mount at `point` of this type (NULL: of any) that this process sees. */
bool mountinfo_at(const char *point, const char *type, struct mountinfo *out);

/* Whether a list of options, with commas between them, has this one. */
bool mountinfo_has(const char *options, const char *name);

#endif
