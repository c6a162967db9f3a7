/* SPDX-License-Identifier: MIT */
/*
 * The tensor map of a file. Each entry looks further if the file has grown enough, or
 * from the start if bytes were changed that the map was made from.
 *
 * Changes are noted in `watch`, whose lock is a leaf, because writers hold other locks.
 * While a parser reads, they are collected in [from, to) and judged when it is done: only
 * then is it known which bytes it used.
 *
 *   wants          at the next entry
 *   0              look: a new map, or a stale one
 *   n              look if the file has n bytes by now
 *   DONE           nothing, until a change makes the map stale
 *
 * A parser that fails, for lack of memory or by a read error, leaves `wants` at DONE and
 * has found less. The file is then coded as bytes: compression suffers, content doesn't.
 * So no error leaves this file.
 */
#include "format/tensor_map.h"

#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"

void tensor_map_init(struct tensor_map *map, const struct tensor_source *source)
{
	memset(map, 0, sizeof(*map));
	map->source = *source;
	lock_init(&map->lock, LOCK_MAP);
	lock_init(&map->watch.lock, LOCK_LEAF);
}

/* Back to the state of a new map, except for source and watch. */
static void forget_locked(struct tensor_map *map)
{
	if (map->format && map->format->release)
		map->format->release(map);
	segments_release(&map->segments);
	map->format = NULL;
	map->wants = map->head_bytes = map->tail = 0;
	map->state = NULL;
}

void tensor_map_release(struct tensor_map *map)
{
	forget_locked(map);
	lock_destroy(&map->watch.lock);
	lock_destroy(&map->lock);
}

void tensor_map_set_source(struct tensor_map *map, const struct tensor_source *source)
{
	WITH_LOCK(&map->lock);
	map->source = *source;
}

struct format_reader tensor_map_reader(const struct tensor_map *map)
{
	const struct tensor_source *s = &map->source;

	return (struct format_reader){ s->read, s->ctx, s->size(s->ctx) };
}

/* ---- changes ----------------------------------------------------------------------- */

/* Whether a change touches the head that was read, or the byte at `tail`. */
static bool concerns_locked(const struct tensor_watch *w, uint64_t off, uint64_t n)
{
	return off < w->head_bytes || (w->tail && off <= w->tail && n > w->tail - off);
}

void tensor_map_note_change(struct tensor_map *map, uint64_t off, uint64_t n)
{
	struct tensor_watch *w = &map->watch;

	WITH_LOCK(&w->lock);
	if (concerns_locked(w, off, n))
		w->stale = true;
	if (!w->looking || !n)
		return;
	w->from = min_u64(w->from, off);
	w->to = max_u64(w->to, n > UINT64_MAX - off ? UINT64_MAX : off + n);
}

/* Start watching for a look; returns whether the map is stale. */
static bool watch_begin(struct tensor_watch *w)
{
	WITH_LOCK(&w->lock);
	bool stale = w->stale;

	w->stale = false;
	w->looking = true;
	w->from = UINT64_MAX;
	w->to = 0;
	return stale;
}

/* Changes that came while the parser read make the map stale if they touch its bytes. One
   range for all of them may cover bytes that didn't change; that costs another look. */
static void watch_end(struct tensor_map *map)
{
	struct tensor_watch *w = &map->watch;

	WITH_LOCK(&w->lock);
	w->head_bytes = map->head_bytes;
	w->tail = map->tail;
	w->looking = false;
	if (w->from < w->to)
		w->stale |= concerns_locked(w, w->from, w->to - w->from);
}

/* ---- looking ----------------------------------------------------------------------- */

/* Find the file's format once its first bytes are there. */
static void recognise_locked(struct tensor_map *map, const struct format_reader *file)
{
	uint8_t prefix[FORMAT_BEGIN_BYTES];
	size_t len = (size_t)min_u64(sizeof(prefix), file->size);

	map->head_bytes = sizeof(prefix);
	map->wants = len < sizeof(prefix) ? sizeof(prefix) : TENSOR_MAP_DONE;
	if (!format_read(file, prefix, len, 0))
		return;
	map->format = format_of(prefix, len);
	if (map->format)
		map->wants = 0;
}

/* Overlapping tensors are impossible, so such a file has none. */
static void look_locked(struct tensor_map *map, const struct format_reader *file)
{
	if (map->wants == TENSOR_MAP_DONE || file->size < map->wants)
		return;
	if (!map->format)
		recognise_locked(map, file);
	if (!map->format)
		return;
	/* Set before, so that a parser only has to say when it wants more. */
	map->wants = TENSOR_MAP_DONE;
	if (map->format->walk)
		map->format->walk(map, file);
	if (!segments_sort(&map->segments)) {
		segments_release(&map->segments);
		map->wants = TENSOR_MAP_DONE;
	}
}

/* The file's size is read once, so that a parser sees one size while the file grows. */
void tensor_map_enter(struct tensor_map *map)
{
	struct format_reader file;

	lock_take(&map->lock);
	file = tensor_map_reader(map);
	if (watch_begin(&map->watch))
		forget_locked(map);
	look_locked(map, &file);
	watch_end(map);
}

void tensor_map_leave(struct tensor_map *map)
{
	lock_drop(&map->lock);
}

void tensor_map_cut(struct tensor_map *map, uint64_t off, uint64_t end,
	struct segment_cut *out)
{
	tensor_map_enter(map);
	segments_cut(&map->segments, off, end, out);
	tensor_map_leave(map);
}
