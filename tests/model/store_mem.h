/* SPDX-License-Identifier: MIT */
/*
 * A store in memory: sparse pages, thread-safe. Its memory doesn't come from
 * base/alloc.h, so that sweeps over failing allocations hit the code under test only.
 */
#ifndef ALCM_TESTS_STORE_MEM_H
#define ALCM_TESTS_STORE_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "blob/blob_io.h"

struct store_mem;

/* An empty store; the program ends when memory is short. */
struct store_mem *store_mem_new(void);
void store_mem_free(struct store_mem *m);

/* The store to hand to blob_create_on() and blob_open_on(). */
struct blob_io store_mem_store(struct store_mem *m);

/* Replace the content by n bytes, or by that of another store. */
void store_mem_load(struct store_mem *m, const void *bytes, size_t n);
void store_mem_copy(struct store_mem *to, struct store_mem *from);

uint64_t store_mem_size(struct store_mem *m);

/* Bytes of pages that hold something, as st_blocks would say it. */
uint64_t store_mem_used(struct store_mem *m);

/* Writes to a read-only store end the program: nobody may try. */
void store_mem_set_readonly(struct store_mem *m, bool readonly);

/* Offsets from `limit` on don't exist: -ENOSPC. */
void store_mem_set_limit(struct store_mem *m, uint64_t limit);

/* From now on the disk is full: only what was written or reserved so far can be
   written. */
void store_mem_fill_up(struct store_mem *m);

/* Reserving is refused as by a filesystem that can't do it. */
void store_mem_set_no_reserve(struct store_mem *m, bool refuse);

#endif
