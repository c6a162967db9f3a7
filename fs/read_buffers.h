/* SPDX-License-Identifier: MIT */
/* Buffers for answers to read requests: as large as any, used again, so that their pages
   needn't be made anew. */
#ifndef ALCMFS_READ_BUFFERS_H
#define ALCMFS_READ_BUFFERS_H

#include <stddef.h>

#include "base/lock.h"

struct read_buffer;

struct read_buffers {
	struct lock lock;          /* guards `spare`; a leaf */
	struct read_buffer *spare; /* used last first */
};

void read_buffers_init(struct read_buffers *buffers);

/* At least `size` bytes. NULL: no memory. Give it back with the same size. */
void *read_buffer_get(struct read_buffers *buffers, size_t size);
void read_buffer_put(struct read_buffers *buffers, void *buf, size_t size);

/* Free those that are not in use. */
void read_buffers_trim(struct read_buffers *buffers);

#endif
