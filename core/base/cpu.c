/* SPDX-License-Identifier: MIT */
/*
 * The CPU's level, found once. Threads may find it at the same time; all get the same
 * value, so relaxed accesses suffice.
 *
 * A level is a promise for all kernels that have its CPU_TARGET, so it needs every
 * instruction set named there; a CPU with some of AVX-512 has the level of AVX2. Tests
 * lower the limit to run each form of a kernel on one machine.
 */
#include "base/cpu.h"

#include <stdatomic.h>

static _Atomic int limit = CPU_AVX512;
static _Atomic int found = -1;

/* A level needs all instruction sets of its CPU_TARGET attribute. */
static int detect(void)
{
#if CPU_X86
	if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("bmi2"))
		return CPU_PORTABLE;
	if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
		__builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
		__builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vbmi2"))
		return CPU_AVX512;
	return CPU_AVX2;
#else
	return CPU_PORTABLE;
#endif
}

enum cpu_level cpu_level(void)
{
	int level = atomic_load_explicit(&found, memory_order_relaxed);
	int most = atomic_load_explicit(&limit, memory_order_relaxed);

	if (level < 0) {
		level = detect();
		atomic_store_explicit(&found, level, memory_order_relaxed);
	}
	return (enum cpu_level)(level < most ? level : most);
}

void cpu_limit(enum cpu_level most)
{
	atomic_store_explicit(&limit, most, memory_order_relaxed);
}
