/* SPDX-License-Identifier: MIT */
/*
 * Heap memory. Tests can make the n-th allocation fail, so that every path without memory
 * is run. A sweep sets n = 1, 2, 3, … until a run needs fewer allocations than that.
 */
#include "base/alloc.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Counts down to the allocation that must fail; 0 = off. Relaxed: only tests set it. */
static atomic_ulong fail_in;

/* Threads allocate at once; exactly one of them counts down to the failure. */
static bool must_fail(void)
{
	unsigned long left = atomic_load_explicit(&fail_in, memory_order_relaxed);

	while (left) {
		if (atomic_compare_exchange_weak(&fail_in, &left, left - 1))
			return left == 1;
	}
	return false;
}

void *mem_alloc(size_t len_bytes)
{
	return must_fail() ? NULL : malloc(len_bytes ? len_bytes : 1);
}

void *mem_zalloc(size_t n, size_t size)
{
	return must_fail() ? NULL : calloc(n ? n : 1, size ? size : 1);
}

void *mem_resize(void *p, size_t n, size_t size)
{
	size_t len;

	if (__builtin_mul_overflow(n, size, &len) || must_fail())
		return NULL;
	return realloc(p, len ? len : 1);
}

bool mem_room_for(void **items, size_t n, size_t size)
{
	enum { FIRST = 16 };
	void *more;

	/* Capacities are 16, 32, 64, …, so a count equal to one of them means full. */
	if (n && (n < FIRST || n & (n - 1)))
		return true;
	more = mem_resize(*items, n ? 2 * n : FIRST, size);
	if (more)
		*items = more;
	return more;
}

/* aligned_alloc(3) wants a multiple of the alignment. A whole 64 bytes are added even if
   the length is one already: then a length of 0 also gives a pointer of its own. */
void *mem_alloc_aligned(size_t len_bytes)
{
	if (len_bytes > SIZE_MAX - 64 || must_fail())
		return NULL;
	return aligned_alloc(64, (len_bytes + 64) & ~(size_t)63);
}

void mem_free(void *p)
{
	free(p);
}

void mem_fail_nth(unsigned long n)
{
	atomic_store(&fail_in, n);
}
