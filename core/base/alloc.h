/* SPDX-License-Identifier: MIT */
/*
 * Heap memory, always through here, so that tests can make the n-th allocation fail.
 *
 * Every function returns NULL when memory is short; nothing here exits. Memory is freed
 * with mem_free(), which accepts NULL.
 */
#ifndef ALCM_BASE_ALLOC_H
#define ALCM_BASE_ALLOC_H

#include <stdbool.h>
#include <stddef.h>

/* len_bytes of uninitialised memory; a length of 0 gives a unique pointer. */
void *mem_alloc(size_t len_bytes);

/* n × size zeroed bytes; NULL also when the product overflows. */
void *mem_zalloc(size_t n, size_t size);

/* Grow or shrink `p` (may be NULL) to n × size bytes. On failure `p` is untouched. */
void *mem_resize(void *p, size_t n, size_t size);

/* Make space for one more item behind the n of `*items`, an array grown only by this: 16
   items, then doubling. False: no memory, and `*items` is untouched. */
#define mem_room(items, n) mem_room_for((void **)(items), n, sizeof(**(items)))
bool mem_room_for(void **items, size_t n, size_t size);

/* len_bytes aligned to 64 bytes, for buffers that SIMD kernels and O_DIRECT reads
   touch. */
void *mem_alloc_aligned(size_t len_bytes);

void mem_free(void *p);

/* For tests: the n-th allocation from now fails (1 = the next); 0 switches this off. */
void mem_fail_nth(unsigned long n);

static inline void mem_free_ptr(void *pp)
{
	mem_free(*(void **)pp);
}

/* Frees the local at the end of its scope; `steal()` hands it over instead. */
#define AUTO_FREE __attribute__((cleanup(mem_free_ptr)))

/* The value of the local pointer `p`, which becomes NULL: the reader owns it now. */
#define steal(p)                     \
	__extension__({                  \
		__typeof__(p) stolen_ = (p); \
		(p) = NULL;                  \
		stolen_;                     \
	})

#endif
