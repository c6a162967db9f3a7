/* SPDX-License-Identifier: MIT */
/*
 * The limits of control groups. Version 2 has one hierarchy of groups, version 1 one per
 * controller, and a machine may have both. /proc/self/cgroup names the group within its
 * hierarchy. mountinfo says which part of the hierarchy is mounted where; in a container
 * it is often only the container's own part.
 *
 *   /proc/self/cgroup     0::/user.slice/job7
 *   mountinfo             … / /sys/fs/cgroup … cgroup2 …
 *   read                  /sys/fs/cgroup/user.slice/job7/memory.max, then user.slice's,
 *                         then the root's
 *
 * A limit binds all groups below, so the lowest on the way counts. Whatever can't be read
 * or understood counts as no limit: the budget is then larger, and the kernel enforces
 * its limit all the same. `root` is "" but in tests, which have trees of such files.
 */
#include "base/cgroup.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/mountinfo.h"

/* The relevant controllers of version 1, and version 2's hierarchy, which has no name. */
static const char *const controllers[] = { "memory", "cpu", "" };

static FILE *open_text(const char *dir, const char *name)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s/%s", dir, name);

	return n < (int)sizeof(path) ? fopen(path, "re") : NULL;
}

/* Read up to two numbers of a file; returns how many. The word "max" is not a number. */
static int read_numbers(const char *dir, const char *name, double out[2])
{
	FILE *f = open_text(dir, name);
	int n = f ? fscanf(f, "%lf %lf", &out[0], &out[1]) : 0;

	if (f)
		(void)fclose(f);
	return n;
}

/* Keep the lowest limit and the file that sets it. */
static void take_memory(const char *dir, const char *name, struct cgroup_limits *out)
{
	double n[2];

	if (read_numbers(dir, name, n) < 1 ||
		!(n[0] >= 0 && n[0] < (double)out->memory_bytes))
		return;
	out->memory_bytes = (uint64_t)n[0];
	if (snprintf(out->memory_file, sizeof(out->memory_file), "%s/%s", dir, name) >=
		(int)sizeof(out->memory_file))
		out->memory_file[0] = '\0';
}

/* In version 1 each group also shows the limits of those above it, which a container
   can't see. */
static void take_memory_above(const char *dir, struct cgroup_limits *out)
{
	FILE *f = open_text(dir, "memory.stat");
	char line[128];
	unsigned long long n;

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "hierarchical_memory_limit %llu", &n) != 1 ||
			n >= out->memory_bytes)
			continue;
		out->memory_bytes = n;
		out->memory_file[0] = '\0';
	}
	if (f)
		(void)fclose(f);
}

/* A quota of CPU time per period is a number of CPUs. */
static void take_cpus(double quota, double period, struct cgroup_limits *out)
{
	if (quota > 0 && period > 0)
		out->cpus = fmin(out->cpus, quota / period);
}

/* The files of the two versions have different names, so all are tried. */
static void take_group(const char *dir, struct cgroup_limits *out)
{
	double both[2], quota[2], period[2];

	take_memory(dir, "memory.max", out);
	/* Above this limit the kernel slows the group down until it hardly runs. */
	take_memory(dir, "memory.high", out);
	take_memory(dir, "memory.limit_in_bytes", out);
	take_memory_above(dir, out);
	if (read_numbers(dir, "cpu.max", both) == 2)
		take_cpus(both[0], both[1], out);
	if (read_numbers(dir, "cpu.cfs_quota_us", quota) == 1 &&
		read_numbers(dir, "cpu.cfs_period_us", period) == 1)
		take_cpus(quota[0], period[0], out);
}

/* Find the process's group in the hierarchy of `controller`. */
static bool find_group(const char *root, const char *controller, char group[PATH_MAX])
{
	FILE *f = open_text(root, "proc/self/cgroup");
	char line[PATH_MAX + 256];
	bool found = false;

	while (f && !found && fgets(line, sizeof(line), f)) {
		char *list = strchr(line, ':'), *path = list ? strchr(list + 1, ':') : NULL;

		line[strcspn(line, "\n")] = '\0';
		if (!path)
			continue;
		*path++ = '\0';
		found = strlen(path) < PATH_MAX &&
			(controller[0] ? mountinfo_has(list + 1, controller) : !list[1]);
		if (found)
			memcpy(group, path, strlen(path) + 1);
	}
	if (f)
		(void)fclose(f);
	return found;
}

/* Find where that hierarchy is mounted. */
static bool find_mount(const char *root, const char *controller, struct mountinfo *m)
{
	FILE *f = open_text(root, "proc/self/mountinfo");
	bool found = false;

	while (f && !found && mountinfo_next(f, m))
		found = controller[0] ? strcmp(m->type, "cgroup") == 0 &&
				mountinfo_has(m->super_options, controller)
							  : strcmp(m->type, "cgroup2") == 0;
	if (f)
		(void)fclose(f);
	return found;
}

/* The group's path below the mount; "": the mount's root, or the group is in a part that
   isn't mounted. */
static const char *below_mount(const char *group, const char *mount_root)
{
	size_t n = strcmp(mount_root, "/") == 0 ? 0 : strlen(mount_root);

	if (strncmp(group, mount_root, n) != 0 || group[n] != '/' || strstr(group, "/.."))
		return "";
	return group + n;
}

/* Apply the limits of the group and of those above it, up to the mount. */
static void take_hierarchy(const char *root, const char *controller,
	struct cgroup_limits *out)
{
	char group[PATH_MAX], dir[PATH_MAX];
	struct mountinfo m;
	size_t top;

	if (!find_group(root, controller, group) || !find_mount(root, controller, &m))
		return;
	top = strlen(root) + strlen(m.point);
	if (snprintf(dir, sizeof(dir), "%s%s%s", root, m.point, below_mount(group, m.root)) >=
		(int)sizeof(dir))
		return;
	while (strlen(dir) > top) {
		take_group(dir, out);
		*strrchr(dir, '/') = '\0';
	}
	take_group(dir, out);
}

void cgroup_limits_read(const char *root, struct cgroup_limits *out)
{
	out->memory_bytes = UINT64_MAX;
	out->memory_file[0] = '\0';
	out->cpus = INFINITY;
	for (size_t k = 0; k < sizeof(controllers) / sizeof(controllers[0]); k++)
		take_hierarchy(root, controllers[k], out);
}
