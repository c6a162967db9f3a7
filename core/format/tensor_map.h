/* SPDX-License-Identifier: MIT */
/*
 * Where the tensors of one file lie, as far as that is known by now. The file may still
 * be written: what is there of it is looked at again whenever enough has been added, and
 * from the start after a change of bytes that the map was made from. One row of
 * format_table.c per format does the looking; a .npy is a file of one tensor.
 *
 * A map decides how chunks are coded, never what they hold, so one that is behind the
 * file costs ratio only.
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
	uint64_t head_bytes, tail; /* the map's, when it was last looked at */
	/* a parser is at work; changes go to [from, to) meanwhile */
	bool looking;
	uint64_t from, to;
	bool stale;
};

struct tensor_map {
	struct tensor_source source;
	struct tensor_watch watch;

	struct lock lock;            /* guards what follows, which parsers fill in */
	const struct format *format; /* NULL: none that we know, or not known yet */
	struct segments segments;    /* sorted whenever walk() returns */
	/* the size from which on walk() can go on; TENSOR_MAP_DONE: it is through */
	uint64_t wants;
	uint64_t head_bytes; /* a change of the first so many bytes makes all of this stale */
	uint64_t tail;       /* so does one of the byte here; 0: nothing */
	void *state;         /* of the format's */
};

void tensor_map_init(struct tensor_map *map, const struct tensor_source *source);
void tensor_map_release(struct tensor_map *map);

/* Look elsewhere for the same bytes from now on. */
void tensor_map_set_source(struct tensor_map *map, const struct tensor_source *source);

/* The n bytes at `off` of the file change, or are cut off. */
void tensor_map_note_change(struct tensor_map *map, uint64_t off, uint64_t n);

/* Find what can be found by now, and take the lock: the map stays as it is until
   tensor_map_leave(). */
void tensor_map_enter(struct tensor_map *map);
void tensor_map_leave(struct tensor_map *map);

/* The file as parsers see it; the lock is held. */
struct format_reader tensor_map_reader(const struct tensor_map *map);

/*
 * The segments that touch [off, end) of the file, as far as they are known by now. The
 * items are the caller's, freed with mem_free(); none without memory.
 */
void tensor_map_cut(struct tensor_map *map, uint64_t off, uint64_t end,
	struct segment_cut *out);

#endif
