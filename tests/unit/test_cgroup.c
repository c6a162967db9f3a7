/* SPDX-License-Identifier: MIT */
/* Limits of control groups, from made-up trees of /proc and /sys. */
#include <math.h>
#include <string.h>

#include "alcm.h"
#include "base/cgroup.h"
#include "test_dir.h"

/* Write `text` to `path` below the test's directory, whose directories are made. */
static void put(const char *path, const char *text)
{
	char command[1024];

	(void)snprintf(command, sizeof(command),
		"f='%s%s'; mkdir -p \"${f%%/*}\" && printf '%%b' '%s' >\"$f\"", test_dir, path,
		text);
	ck_assert_int_eq(system(command), 0);
}

static void clear(void)
{
	char command[64];

	(void)snprintf(command, sizeof(command), "rm -rf '%s'/*", test_dir);
	ck_assert_int_eq(system(command), 0);
}

static struct cgroup_limits limits_of(void)
{
	struct cgroup_limits l;

	cgroup_limits_read(test_dir, &l);
	return l;
}

START_TEST(test_none)
{
	clear();

	struct cgroup_limits l = limits_of();

	ck_assert_uint_eq(l.memory_bytes, UINT64_MAX);
	ck_assert(isinf(l.cpus));
}
END_TEST

START_TEST(test_version_2)
{
	clear();
	put("/proc/self/cgroup", "0::/a.slice/b\\n");
	put("/proc/self/mountinfo",
		"29 22 0:26 / /cg\\\\0402 rw,nosuid - cgroup2 none rw\\n");
	put("/cg 2/a.slice/b/memory.max", "max\\n");
	put("/cg 2/a.slice/b/cpu.max", "max 100000\\n");
	ck_assert_uint_eq(limits_of().memory_bytes, UINT64_MAX);
	ck_assert(isinf(limits_of().cpus));

	put("/cg 2/a.slice/memory.max", "300000000\\n");
	put("/cg 2/a.slice/cpu.max", "150000 100000\\n");
	ck_assert_uint_eq(limits_of().memory_bytes, 300000000);
	ck_assert(limits_of().cpus == 1.5);

	put("/cg 2/a.slice/b/memory.high", "200000000\\n");
	put("/cg 2/a.slice/b/cpu.max", "50000 100000\\n");

	struct cgroup_limits l = limits_of();

	ck_assert_uint_eq(l.memory_bytes, 200000000);
	ck_assert_ptr_nonnull(strstr(l.memory_file, "a.slice/b/memory.high"));
	ck_assert(l.cpus == 0.5);
}
END_TEST

START_TEST(test_version_1)
{
	clear();
	put("/proc/self/cgroup",
		"5:cpu,cpuacct:/jobs/7\\n4:memory:/jobs/7\\n1:name=systemd:/\\n0::/\\n");
	put("/proc/self/mountinfo",
		"30 22 0:27 / /cg/cpu rw - cgroup cgroup rw,cpu,cpuacct\\n"
		"31 22 0:28 / /cg/memory rw shared:9 - cgroup cgroup rw,memory\\n"
		"32 22 0:29 / /cg/unified rw - cgroup2 cgroup2 rw\\n");
	put("/cg/memory/memory.limit_in_bytes", "9223372036854771712\\n");
	put("/cg/memory/jobs/7/memory.limit_in_bytes", "9223372036854771712\\n");
	put("/cg/memory/jobs/memory.limit_in_bytes", "67108864\\n");
	put("/cg/cpu/jobs/7/cpu.cfs_quota_us", "-1\\n");
	put("/cg/cpu/jobs/7/cpu.cfs_period_us", "100000\\n");
	ck_assert_uint_eq(limits_of().memory_bytes, 67108864);
	ck_assert(isinf(limits_of().cpus));
	put("/cg/cpu/jobs/7/cpu.cfs_quota_us", "300000\\n");
	ck_assert(limits_of().cpus == 3);
}
END_TEST

/* A container sees its own part of the hierarchy only, and what those above it allow by a
   figure. */
START_TEST(test_container)
{
	clear();
	put("/proc/self/cgroup", "4:memory:/docker/x/inner\\n0::/docker/x\\n");
	put("/proc/self/mountinfo",
		"31 22 0:28 /docker/x /cg/memory ro - cgroup cgroup rw,memory\\n"
		"32 22 0:29 /../.. /cg/unified rw - cgroup2 cgroup2 rw\\n"
		"not a line of this file\\n");
	put("/cg/memory/memory.limit_in_bytes", "50000000\\n");
	put("/cg/memory/inner/memory.limit_in_bytes", "90000000\\n");
	ck_assert_uint_eq(limits_of().memory_bytes, 50000000);
	put("/cg/memory/inner/memory.stat",
		"cache 0\\nhierarchical_memory_limit 40000000\\n");
	ck_assert_uint_eq(limits_of().memory_bytes, 40000000);
	ck_assert_str_eq(limits_of().memory_file, "");
	put("/proc/self/cgroup", "4:memory:/../other\\n");
	ck_assert_uint_eq(limits_of().memory_bytes, 50000000);
}
END_TEST

START_TEST(test_budget)
{
	const struct {
		uint64_t memory;
		size_t budget;
	} cases[] = { { 16 << 20, 8 << 20 }, { 192 << 20, 48 << 20 }, { 1u << 30, 256 << 20 },
		{ UINT64_MAX, 256 << 20 } };

	for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
		struct alcm_limits l = { .memory_bytes = cases[k].memory };

		ck_assert_uint_eq(alcm_limits_budget(&l), cases[k].budget);
		ck_assert_int_eq(alcm_limits_allow(&l, cases[k].budget), k > 0);
		ck_assert(!alcm_limits_allow(&l, cases[k].memory));
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("cgroup");
	TCase *tc = tcase_create("limits");
	SRunner *sr = srunner_create(s);

	test_dir_add(tc);
	tcase_add_test(tc, test_none);
	tcase_add_test(tc, test_version_2);
	tcase_add_test(tc, test_version_1);
	tcase_add_test(tc, test_container);
	tcase_add_test(tc, test_budget);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_NORMAL);

	int failed = srunner_ntests_failed(sr);

	srunner_free(sr);
	return failed != 0;
}
