/* SPDX-License-Identifier: MIT */
/*
 * How much of the machine the process may use: the lowest of physical memory, resource
 * limits and control groups. Which limit it is goes into messages, so that users know
 * what to raise.
 *
 *   memory 16 GiB, ulimit -v unlimited, memory.max 512 MiB
 *   ──► 512 MiB by …/memory.max; the budget is a quarter of it, 128 MiB
 */
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "alcm.h"
#include "base/cgroup.h"
#include "base/checked.h"

enum {
	MIN_BUDGET = 8 << 20,
	MAX_BUDGET = 256 << 20,
	BUDGET_SHARE = 4,
	/*
	 * Memory besides the budget, for requests, threads, inodes and the codec; more with a
	 * larger budget. An estimate: the load tests of docs/reliability.md peak 16 to 27 MiB
	 * above a budget of 32 with 64 processes, and four processes that write mapped files
	 * 18 MiB above one of 8.
	 */
	BESIDE_BUDGET = 16 << 20,
	MOST_BESIDE_BY_BUDGET = 32 << 20,
};

enum { MOST_CPUS = 1 << 13 }; /* the most that a Linux kernel can be built for */

static const struct {
	int resource;
	const char *name;
} resources[] = {
	{ RLIMIT_AS, "the limit of address space (ulimit -v)" },
	{ RLIMIT_DATA, "the limit of data segments (ulimit -d)" },
};

static void take_memory(struct alcm_limits *out, uint64_t bytes, const char *by)
{
	if (bytes >= out->memory_bytes)
		return;
	out->memory_bytes = bytes;
	snprintf(out->memory_by, sizeof(out->memory_by), "%s", by);
}

/* The CPUs that the process may run on, not those of the machine. */
static unsigned allowed_cpus(void)
{
	size_t size = CPU_ALLOC_SIZE(MOST_CPUS);
	cpu_set_t set[MOST_CPUS / CPU_SETSIZE];
	long online;

	if (!sched_getaffinity(0, size, set))
		return (unsigned)CPU_COUNT_S(size, set);
	online = sysconf(_SC_NPROCESSORS_ONLN);
	return online > 0 ? (unsigned)online : 1;
}

void alcm_limits_get(struct alcm_limits *out)
{
	long pages = sysconf(_SC_PHYS_PAGES);
	struct cgroup_limits group;
	struct rlimit r;
	double cpus = allowed_cpus();

	*out = (struct alcm_limits){ .memory_bytes = UINT64_MAX };
	if (pages > 0)
		take_memory(out, (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE),
			"the machine's memory");
	for (size_t k = 0; k < sizeof(resources) / sizeof(resources[0]); k++) {
		if (!getrlimit(resources[k].resource, &r) && r.rlim_cur != RLIM_INFINITY)
			take_memory(out, r.rlim_cur, resources[k].name);
	}
	cgroup_limits_read("", &group);
	take_memory(out, group.memory_bytes,
		group.memory_file[0] ? group.memory_file : "a control group's memory limit");
	cpus = fmin(cpus, ceil(group.cpus));
	out->n_cpus = cpus >= 1 ? (unsigned)cpus : 1;
}

size_t alcm_limits_budget(const struct alcm_limits *limits)
{
	uint64_t share = limits->memory_bytes / BUDGET_SHARE;

	return (size_t)max_u64(MIN_BUDGET, min_u64(share, MAX_BUDGET));
}

bool alcm_limits_allow(const struct alcm_limits *limits, size_t budget_bytes)
{
	uint64_t beside = BESIDE_BUDGET + min_u64(budget_bytes, MOST_BESIDE_BY_BUDGET);

	return limits->memory_bytes >= beside &&
		budget_bytes <= limits->memory_bytes - beside;
}
