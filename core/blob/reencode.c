/* SPDX-License-Identifier: MIT */
/*
 * Re-encoding at a commit, for chunks that were encoded before the tensors in them were
 * known: an archive whose pickle comes last, or a header that is written after its data.
 * A few chunks spread over the file are tried first. Unless that promises to save a
 * fiftieth of the file, all stay as they are. And for chunks that keep an old record of
 * another chunk, which would take less space with all of their bytes in their own.
 */
#include <errno.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/lock.h"
#include "blob/bases.h"
#include "blob/blob_map.h"
#include "blob/cache.h"
#include "blob/encode.h"
#include "blob/reencode.h"

enum {
	N_TRIED = 4,
	WORTH = 50, /* at least 1/50 of the stored bytes */
};

struct candidates {
	struct table_record *items;
	size_t n;
	uint64_t bytes; /* total length of their records */
};

/* ---- finding them ------------------------------------------------------------------ */

/* Quantised chunks are excluded: making one dirty forgets that it is quantised. */
static bool is_candidate(const struct slot *s)
{
	return s->untyped && !s->quantised;
}

/* Whether any tensor is known by now. No lock is held. */
static bool anything_known(struct alcm_blob *blob)
{
	bool known;

	tensor_map_enter(&blob->map);
	known = blob->map.segments.n > 0;
	tensor_map_leave(&blob->map);
	return known;
}

/* Keep the candidates that are mostly covered by known tensors. No lock is held. */
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

/* The loan ends before encoding takes its own: a thread may have only one. */
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

/* The length that the chunk's record would have now. Nothing is stored. */
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

/* Whether re-encoding all candidates promises to save enough of a file of `live` bytes:
   the saving of the tried ones is extrapolated. */
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

/* Queue a chunk, unchanged, for the workers. */
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

/* Each is tried once, whatever the outcome. */
static void forget_locked(struct alcm_blob *blob, const struct candidates *list)
{
	for (size_t i = 0; i < list->n; i++)
		table_find(&blob->table, list->items[i].chunk_no)->untyped = false;
}

/* A base would stay beside the record that replaces it. */
static void leave_bases_locked(const struct alcm_blob *blob, struct candidates *list)
{
	size_t n = 0;

	for (size_t i = 0; i < list->n; i++) {
		if (!bases_has(&blob->table, list->items[i].off))
			list->items[n++] = list->items[i];
	}
	list->n = n;
}

static void await_encoders_locked(struct alcm_blob *blob)
{
	while (blob->cache.n_busy)
		lock_wait(&blob->lock, &blob->changed);
}

/* Re-encode the chunks that keep a replaced record of another chunk for little of it. One
   that a lossy profile has seen stays: its buffer would forget that. */
static void make_whole_locked(struct alcm_blob *blob)
{
	AUTO_FREE uint32_t *chunks = NULL;
	size_t n = 0;

	bases_purge(&blob->table);
	if (!blob->table.n_bases ||
		bases_wasteful(&blob->table, blob->chunk_bytes, &chunks, &n))
		return;
	for (size_t i = 0; i < n; i++) {
		const struct slot *s = table_find(&blob->table, chunks[i]);

		if (s->quantised || !s->refers) /* or done already */
			continue;
		lock_drop(&blob->lock);
		(void)queue(blob, chunks[i]);
		lock_take(&blob->lock);
	}
	await_encoders_locked(blob);
}

void reencode_locked(struct alcm_blob *blob)
{
	struct candidates list = { 0 };
	uint64_t live = blob->log.live;
	bool known, worth;

	make_whole_locked(blob);
	if (!blob->changes.any_untyped)
		return;
	lock_drop(&blob->lock);
	known = anything_known(blob);
	lock_take(&blob->lock);
	if (!known || table_records(&blob->table, is_candidate, &list.items, &list.n))
		return;
	blob->changes.any_untyped = list.n > 0;
	leave_bases_locked(blob, &list);
	lock_drop(&blob->lock);
	keep_typed(blob, &list);
	worth = list.n && pays(blob, &list, live);
	lock_take(&blob->lock);
	forget_locked(blob, &list);
	lock_drop(&blob->lock);
	/* A chunk that can't be read, or finds no space, keeps its record. */
	for (size_t i = 0; worth && i < list.n; i++)
		(void)queue(blob, list.items[i].chunk_no);
	lock_take(&blob->lock);
	await_encoders_locked(blob);
	mem_free(list.items);
}
