/* SPDX-License-Identifier: MIT */
/* The limits that control groups set for the process: cgroups(7), versions 1 and 2. */
#ifndef ALCM_BASE_CGROUP_H
#define ALCM_BASE_CGROUP_H

#include <limits.h>
#include <stdint.h>

struct cgroup_limits {
	uint64_t memory_bytes; /* UINT64_MAX: no limit */
	/* the file with that limit; "": a group that can't be seen */
	char memory_file[PATH_MAX];
	double cpus; /* of CPU time a second; infinity: no limit */
};

/*
 * The tightest limits of the process's own groups and of all groups above them that can
 * be seen. `root` is put in front of every path: "", except in tests. Files that can't be
 * read set no limit.
 */
void cgroup_limits_read(const char *root, struct cgroup_limits *out);

#endif
