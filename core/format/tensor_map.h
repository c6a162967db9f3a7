/* SPDX-License-Identifier: MIT */
/*
 * Where the tensors of one file lie, as far as that is known. The file may still be being
 * written. It is looked at again whenever enough has been added, and from the start after
 * a change of bytes that the map was made from. The format's row in format_table.c does
 * the looking; a .npy is a file of one tensor.
 *
 * A map decides how chunks are coded, never what they hold, so a map that is behind the
 * file only costs ratio.
 *
 * Locks: `lock` is held while parsers read the file, so reading the file must not take
 * it. `watch.lock` is a leaf: changes may be noted with any lock held.
 */
#ifndef ALCM_FORMAT_TENSOR_MAP_H
#define ALCM_FORMAT_TENSOR_MAP_H

#include "base/lock.h"
#include "format/format.h"

/* Where the bytes of the file come from. */
struct tensor_source {
	/* Fill `buf` from [off, off + n), which lies within the size. A negative errno on
	   failure. */
	int (*read)(void *ctx, void *buf, size_t n, uint64_t off);
	uint64_t (*size)(void *ctx);
	void *ctx;
};

#define TENSOR_MAP_DONE UINT64_MAX

/* Changes of the file since the map was made. */
struct tensor_watch {
	struct lock lock;          /* guards what follows */
	uint64_t head_bytes, tail; /* the map's, at the end of the last look */
	/* a parser is at work, and changes are collected in [from, to) */
	bool looking;
	uint64_t from, to;
	bool stale;
};

struct tensor_map {
	struct tensor_source source;
	struct tensor_watch watch;

	struct lock lock;            /* guards what follows; parsers fill it in */
	const struct format *format; /* NULL: an unknown format, or not known yet */
	struct segments segments;    /* sorted whenever walk() returns */
	/* the file size at which walk() can continue; TENSOR_MAP_DONE: it is finished */
	uint64_t wants;
	uint64_t head_bytes; /* a change below this offset makes the map stale */
	uint64_t tail;       /* so does a change of the byte here; 0: none */
	void *state;         /* of the format's */
};

void tensor_map_init(struct tensor_map *map, const struct tensor_source *source);
void tensor_map_release(struct tensor_map *map);

/* Read the same bytes from another source from now on. */
void tensor_map_set_source(struct tensor_map *map, const struct tensor_source *source);

/* The n bytes at `off` of the file change, or are cut off. */
void tensor_map_note_change(struct tensor_map *map, uint64_t off, uint64_t n);

/* Find what can be found, and take the lock. The map doesn't change until
   tensor_map_leave(). */
void tensor_map_enter(struct tensor_map *map);
void tensor_map_leave(struct tensor_map *map);

/* The file as parsers see it; the lock is held. */
struct format_reader tensor_map_reader(const struct tensor_map *map);

/* The known segments that touch [off, end) of the file. The items are the caller's, freed
   with mem_free(); without memory there are none. */
void tensor_map_cut(struct tensor_map *map, uint64_t off, uint64_t end,
	struct segment_cut *out);

#endif
