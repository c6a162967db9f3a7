/* SPDX-License-Identifier: MIT */
/*
 * Chunks whose records were made before anybody knew which tensors lie in them are
 * encoded again at a commit: an archive whose pickle comes last, a header that is written
 * behind its data. A few of them are tried first; unless that promises to save a fiftieth
 * of the file, they all stay as they are.
 */
#include <errno.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/lock.h"
#include "blob/blob_map.h"
#include "blob/cache.h"
#include "blob/encode.h"
#include "blob/reencode.h"

enum {
	N_TRIED = 4,
	WORTH = 50, /* one in so many stored bytes */
};

struct candidates {
	struct table_record *items;
	size_t n;
	uint64_t bytes; /* of their records */
};

/* ---- finding them ------------------------------------------------------------------ */

static bool is_candidate(const struct slot *s)
{
	return s->untyped && !s->quantised;
}

/* Whether there are types by now that weren't known when a chunk was encoded, perhaps. No
   lock is held. */
static bool anything_known(struct alcm_blob *blob)
{
	bool known;

	tensor_map_enter(&blob->map);
	known = blob->map.segments.n > 0;
	tensor_map_leave(&blob->map);
	return known;
}

/* Keep those of whose tensors something is known by now. No lock is held. */
static void keep_typed(struct alcm_blob *blob, struct candidates *list)
{
	uint64_t size = alcm_blob_size(blob);
	struct segment_cut all;
	size_t n = 0;

	tensor_map_enter(&blob->map);
	all = (struct segment_cut){ blob->map.segments.items, blob->map.segments.n };
	for (size_t i = 0; i < list->n; i++) {
		struct table_record c = list->items[i];
		uint64_t off = chunk_start(blob, c.chunk_no);

		if (blob_map_untyped(&all, off, (uint32_t)min_u64(blob->chunk_bytes, size - off)))
			continue;
		list->items[n++] = c;
		list->bytes += c.frame_len;
	}
	tensor_map_leave(&blob->map);
	list->n = n;
}

/* ---- trying ------------------------------------------------------------------------ */

static int decode(struct alcm_blob *blob, const struct table_record *c, uint8_t *data,
	uint32_t *len)
{
	struct scratch *scratch = engine_scratch_get(blob->alcm, blob->chunk_bytes);
	const struct record_context with = { .blob = blob, .scratch = scratch };
	int err = scratch ? record_read(&with, c, data, len) : -ENOMEM;

	if (scratch)
		engine_scratch_put(blob->alcm, scratch);
	return err;
}

/* How long the record of a chunk would be now. */
static int try_one(struct alcm_blob *blob, const struct table_record *c, uint8_t *data,
	uint32_t *frame_len)
{
	struct cbuf buf = { .blob = blob, .data = data, .chunk_no = c->chunk_no };
	int err = decode(blob, c, data, &buf.len);
	struct encode_knowledge known;
	struct scratch *scratch;
	struct record r = { 0 };

	if (err)
		return err;
	encode_learn(&buf, &known);
	scratch = engine_scratch_get(blob->alcm, blob->chunk_bytes);
	err = scratch ? encode_record(&buf, &known, scratch, &r) : -ENOMEM;
	if (scratch)
		engine_scratch_put(blob->alcm, scratch);
	mem_free(known.cut.items);
	*frame_len = r.frame_len;
	return err;
}

/* Whether encoding all of them again promises to save enough of a file of `live`
   bytes. */
static bool pays(struct alcm_blob *blob, const struct candidates *list, uint64_t live)
{
	size_t n = list->n < N_TRIED ? list->n : N_TRIED;
	uint8_t *data = budget_get(blob->alcm->budget, blob->chunk_bytes);
	double before = 0, after = 0;

	for (size_t i = 0; i < n && data; i++) {
		const struct table_record *c = &list->items[(2 * i + 1) * list->n / (2 * n)];
		uint32_t frame_len;

		if (try_one(blob, c, data, &frame_len))
			continue;
		before += c->frame_len;
		after += frame_len;
	}
	if (data)
		budget_put(blob->alcm->budget, data, blob->chunk_bytes);
	return before > after &&
		(before - after) / before * (double)list->bytes * WORTH > (double)live;
}

/* ---- doing it ---------------------------------------------------------------------- */

/* Queue a chunk, as it is, for the workers. */
static int queue(struct alcm_blob *blob, uint32_t chunk_no)
{
	uint8_t *spare = budget_get(blob->alcm->budget, blob->chunk_bytes);
	struct cbuf *buf;
	int err = -ENOMEM;

	if (!spare)
		return err;
	{
		WITH_LOCK(&blob->lock);
		err = cache_dirty_locked(blob, chunk_no, false, &spare, &buf, NULL);
		if (!err) {
			buf->reencoding = true;
			encode_queue_locked(buf);
		}
	}
	if (spare)
		budget_put(blob->alcm->budget, spare, blob->chunk_bytes);
	return err;
}

/* They are looked at once: whether it pays or not, the next commit has no more to do with
   them. */
static void forget_locked(struct alcm_blob *blob, const struct candidates *list)
{
	for (size_t i = 0; i < list->n; i++)
		table_find(&blob->table, list->items[i].chunk_no)->untyped = false;
}

void reencode_locked(struct alcm_blob *blob)
{
	struct candidates list = { 0 };
	uint64_t live = blob->log.live;
	bool known, worth;

	if (!blob->changes.any_untyped)
		return;
	lock_drop(&blob->lock);
	known = anything_known(blob);
	lock_take(&blob->lock);
	if (!known || table_records(&blob->table, is_candidate, &list.items, &list.n))
		return;
	blob->changes.any_untyped = list.n > 0;
	lock_drop(&blob->lock);
	keep_typed(blob, &list);
	worth = list.n && pays(blob, &list, live);
	lock_take(&blob->lock);
	forget_locked(blob, &list);
	lock_drop(&blob->lock);
	/* What can't be read or has no room stays as it is. */
	for (size_t i = 0; worth && i < list.n; i++)
		(void)queue(blob, list.items[i].chunk_no);
	lock_take(&blob->lock);
	while (blob->cache.n_busy)
		lock_wait(&blob->lock, &blob->changed);
	mem_free(list.items);
}
