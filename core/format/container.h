/* SPDX-License-Identifier: MIT */
/*
 * Containers: files of many tensors. A format's walk() finds out where they lie, as far as the file
 * is there: it is called again when more has been written. What it finds decides how chunks are
 * coded, never what they hold, so nothing depends on its being right.
 *
 * Not thread-safe: one mutex of the owner's is around each call.
 */
#ifndef ALCM_FORMAT_CONTAINER_H
#define ALCM_FORMAT_CONTAINER_H

#include "format/format.h"

/* A file, perhaps one that is still being written. */
struct format_reader {
	/* Fill `buf` from [off, off + n), which lies within `size`. A negative errno on failure. */
	int (*read)(void *ctx, void *buf, size_t n, uint64_t off);
	void *ctx;
	uint64_t size;
};

#define CONTAINER_DONE UINT64_MAX

struct container {
	const struct format *format; /* NULL: none that we know, or not known yet */
	struct segments segments;    /* sorted whenever walk() returns */
	uint64_t wants; /* the size from which on walk() can go on; CONTAINER_DONE: it is through */
	uint64_t head_bytes; /* a change of the first so many bytes makes all of this stale */
	uint64_t tail;       /* so does one of the byte here; 0: nothing */
	void *state;         /* of the format's */
};

/* Find what can be found by now. */
void container_update(struct container *container, const struct format_reader *file);

/* Forget everything. */
void container_reset(struct container *container);

/* Read [off, off + n). False: it isn't all there, or the read failed. */
bool format_read(const struct format_reader *file, void *buf, size_t n, uint64_t off);

/* What to set `wants` to when the head goes on, nobody knows how far, behind what is there. */
uint64_t container_later(const struct format_reader *file);

/* A copy of the segments that touch [off, end), freed with mem_free(); NULL and 0: there are none. -ENOMEM. */
int container_cut(const struct container *container, uint64_t off, uint64_t end,
	struct segment **out, size_t *n);

#endif
