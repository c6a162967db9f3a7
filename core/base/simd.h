/* SPDX-License-Identifier: MIT */
/*
 * Loops that the compiler turns into vector code, compiled for several machines; the
 * loader picks one. Results are the same, since the order of additions is. Not under
 * sanitizers, which aren't ready when the loader picks.
 */
#ifndef ALCM_BASE_SIMD_H
#define ALCM_BASE_SIMD_H

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && \
	!defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && \
	!defined(ALCM_NO_SIMD)
#define SIMD_CLONES __attribute__((target_clones("arch=x86-64-v4", "avx2", "default")))
#else
#define SIMD_CLONES
#endif

#endif
