/* SPDX-License-Identifier: MIT */
/* Buffers of read answers, in a stack: the one used last is most likely still in the
   CPU's cache. */
#include "read_buffers.h"

#include <stdlib.h>

/* The kernel's largest read. There are as many buffers as there ever were requests at
   once, until they are trimmed. */
enum { BUFFER_BYTES = 1 << 20 };

struct read_buffer {
	struct read_buffer *next;
};

void read_buffers_init(struct read_buffers *b)
{
	lock_init(&b->lock, LOCK_QUEUE);
	b->spare = NULL;
}

void *read_buffer_get(struct read_buffers *b, size_t size)
{
	struct read_buffer *spare;

	if (size > BUFFER_BYTES)
		return malloc(size);
	lock_take(&b->lock);
	spare = b->spare;
	if (spare)
		b->spare = spare->next;
	lock_drop(&b->lock);
	return spare ? spare : malloc(BUFFER_BYTES);
}

void read_buffer_put(struct read_buffers *b, void *buf, size_t size)
{
	struct read_buffer *spare = buf;

	if (!buf || size > BUFFER_BYTES) {
		free(buf);
		return;
	}
	lock_take(&b->lock);
	spare->next = b->spare;
	b->spare = spare;
	lock_drop(&b->lock);
}

void read_buffers_trim(struct read_buffers *b)
{
	struct read_buffer *spare, *next;

	lock_take(&b->lock);
	spare = b->spare;
	b->spare = NULL;
	lock_drop(&b->lock);
	for (; spare; spare = next) {
		next = spare->next;
		free(spare);
	}
}
