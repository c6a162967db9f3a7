/* SPDX-License-Identifier: MIT */
/* Buffers for answers to read requests. They have the largest size and are reused, so
   their pages needn't be faulted in again. */
#ifndef ALCMFS_READ_BUFFERS_H
#define ALCMFS_READ_BUFFERS_H

#include <stddef.h>

#include "base/lock.h"

struct read_buffer;

struct read_buffers {
	struct lock lock;          /* guards `spare`; a leaf */
	struct read_buffer *spare; /* most recently used first */
};

void read_buffers_init(struct read_buffers *buffers);

/* At least `size` bytes. NULL: no memory. Give it back with the same size. */
void *read_buffer_get(struct read_buffers *buffers, size_t size);
void read_buffer_put(struct read_buffers *buffers, void *buf, size_t size);

/* Free the unused ones. */
void read_buffers_trim(struct read_buffers *buffers);

#endif
