/* SPDX-License-Identifier: MIT */
/*
 * The vector instructions of this machine. Kernels exist in a portable form and in some
 * of the others, and all give the same bytes. A kernel's caller asks here which one to
 * use.
 */
#ifndef ALCM_BASE_CPU_H
#define ALCM_BASE_CPU_H

/* Kernels for x86-64 are compiled. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(ALCM_NO_SIMD)
#define CPU_X86 1
#else
#define CPU_X86 0
#endif

enum cpu_level {
	CPU_PORTABLE,
	CPU_AVX2,
	CPU_AVX512, /* with BW, VL, VBMI and VBMI2: Intel since Ice Lake, AMD since Zen 4 */
};

#define CPU_TARGET_AVX2 __attribute__((target("avx2,bmi,bmi2,popcnt")))
#define CPU_TARGET_AVX512                                                              \
	__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vbmi2," \
						  "avx2,bmi,bmi2,popcnt")))

/* The best level that the machine has and cpu_limit() allows. */
enum cpu_level cpu_level(void);

/* For tests: nothing better than this from now on. */
void cpu_limit(enum cpu_level most);

#endif
