/* SPDX-License-Identifier: MIT */
/* What the control groups that the process is in let it have: cgroups(7), versions 1 and
   2. */
#ifndef ALCM_BASE_CGROUP_H
#define ALCM_BASE_CGROUP_H

#include <limits.h>
#include <stdint.h>

struct cgroup_limits {
	uint64_t memory_bytes;      /* UINT64_MAX: no limit */
	char memory_file[PATH_MAX]; /* that says so; "": a group that can't be seen */
	double cpus;                /* of CPU time a second; infinity: no limit */
};

/*
 * The tightest limits of the process's own groups and of all groups above them that can
 * be seen. `root` is put before every path: "" but in tests. What can't be read limits
 * nothing.
 */
void cgroup_limits_read(const char *root, struct cgroup_limits *out);

#endif
