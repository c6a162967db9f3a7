/* SPDX-License-Identifier: MIT */
/*
 * Encoding dirty buffers and appending their records. A buffer goes DIRTY → QUEUED →
 * ENCODING on a worker, and is freed when its record is in the table:
 *
 *   learn (may read chunks) → scratch → encode → log_take (lock) → write → table (lock)
 *
 * Only log_take() and the table update hold the lock, so workers encode and write at the
 * same time. Space that was taken for a failed write is given back if it is the log's
 * last; otherwise it stays as dead bytes.
 */
#include "blob/encode.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/lock.h"
#include "blob/bases.h"
#include "blob/blob_map.h"
#include "blob/cache.h"
#include "blob/duplicates.h"

/* The header is written late, so a file that is opened and closed without data stays
   empty. */
int encode_header_locked(struct alcm_blob *blob)
{
	uint8_t buf[DISK_HEADER_BYTES];
	struct disk_header h = { blob->chunk_log2, blob->profile, blob->bound, { 0 } };
	int err;

	if (blob->changes.header_written)
		return 0;
	memcpy(h.uuid, blob->uuid, sizeof(h.uuid));
	disk_header_put(buf, &h);
	err = blob_io_write(&blob->log.io, buf, sizeof(buf), 0);
	blob->changes.header_written = !err;
	return err;
}

/* Write a finished frame at the log's end; takes the lock for the bookkeeping only. */
static int append(struct alcm_blob *blob, const uint8_t *frame, uint32_t len,
	uint64_t *off)
{
	int err;

	{
		WITH_LOCK(&blob->lock);
		err = encode_header_locked(blob);
		if (err)
			return err;
		*off = log_take(&blob->log, len);
	}
	err = blob_io_write(&blob->log.io, frame, len, *off);
	if (err) {
		WITH_LOCK(&blob->lock);
		log_give_back(&blob->log, *off, len);
	}
	return err;
}

/* These errors pass. After any other, what the store holds is unknown. */
static bool retryable(int err)
{
	return blob_io_is_full(err) || err == -ENOMEM;
}

/*
 * Keep what the record at `off` refers to. -EAGAIN: one of them is no longer its chunk's
 * newest record, so that its space may be gone: the chunk has to be encoded again.
 */
static int take_bases_locked(struct alcm_blob *blob, uint32_t chunk_no,
	const struct record *r, uint64_t off)
{
	int err = 0;

	for (unsigned i = 0; i < r->n_bases; i++) {
		if (!bases_may_be(&blob->table, &r->bases[i]))
			return -EAGAIN;
	}
	for (unsigned i = 0; i < r->n_bases && !err; i++)
		err = bases_add(&blob->table, chunk_no, off, &r->bases[i], r->base_bytes[i]);
	return err;
}

/*
 * The record is in the store, or `err` says why not: make it the chunk's newest. A failed
 * re-encode drops the buffer, as the old record has the same bytes. Any other failure
 * leaves it DIRTY, so no data is lost. What was owed is settled with the record, or stays
 * owed. Returns whether it is.
 */
static bool finish_locked(struct cbuf *buf, int err, const struct record *r, uint64_t off)
{
	struct alcm_blob *blob = buf->blob;
	struct slot *slot = table_find(&blob->table, buf->chunk_no);

	blob->cache.n_busy--;
	if (!err)
		err = take_bases_locked(blob, buf->chunk_no, r, off);
	if ((retryable(err) || err == -EAGAIN) && buf->reencoding) {
		log_settle(&blob->log, cache_owes(blob));
		cache_uninstall_locked(blob, slot);
	} else if (err) {
		buf->state = CBUF_DIRTY;
		blob->cache.n_dirty++;
		if (retryable(err))
			blob->changes.full = err;
		else if (err != -EAGAIN)
			blob->changes.failed = -EIO;
	} else {
		uint32_t frame_len = r->frame_len;

		blob->changes.verify_failed |= r->verify_failed;
		if (slot->off) {
			blob->log.live -= round_up(slot->frame_len, DISK_ALIGN);
			blob->totals.stale = true;
			blob->totals.metrics.cpu_ns += r->metrics.cpu_ns;
		} else {
			totals_add(&blob->totals, &r->metrics, &r->planes);
		}
		table_set_record(&blob->table, slot, off, frame_len);
		slot->refers = r->n_bases > 0;
		slot->quantised = buf->quantised;
		slot->rewritten = !buf->quantised &&
			(slot->rewritten || cbuf_is_rewritten(buf, buf->first_value));
		slot->untyped = buf->untyped;
		blob->changes.any_untyped |= buf->untyped;
		blob->log.live += round_up(frame_len, DISK_ALIGN);
		log_settle(&blob->log, cache_owes(blob));
		cache_uninstall_locked(blob, slot);
	}
	pthread_cond_broadcast(&blob->changed);
	return !err;
}

/* `first_value` lets finish_locked() see whether all values of the chunk were rewritten:
   a file's header before the first tensor isn't part of that. */
void encode_learn(struct cbuf *buf, struct encode_knowledge *out)
{
	struct alcm_blob *blob = buf->blob;
	uint64_t start = chunk_start(blob, buf->chunk_no);

	out->copies = NULL;
	out->tensors = buf->quantised ? &blob->lossy.tensors : NULL;
	blob_map_cut(blob, buf->chunk_no, buf->data, buf->len, &out->cut, &buf->untyped);
	buf->first_value = out->cut.n && out->cut.items[0].offset > start
		? (uint32_t)(out->cut.items[0].offset - start)
		: 0;
}

int encode_record(const struct cbuf *buf, const struct encode_knowledge *known,
	struct scratch *scratch, struct record *out)
{
	const struct record_about about = { .cut = &known->cut,
		.tensors = known->tensors,
		.distortion = &buf->distortion,
		.copies = known->copies };

	const struct record_context with = { .blob = buf->blob, .scratch = scratch };

	return record_encode(&with, buf->chunk_no, buf->data, buf->len, &about, out);
}

/*
 * Look for bytes that other records already hold. They may have moved by any number of
 * elements, so anchors are looked for at every place that such a move can bring together
 * with another; the tensor in the chunk's middle decides. Of single bytes only tensors
 * that are known are followed at a quarter of the places, those counted from their start.
 */
static void find_duplicates(const struct cbuf *buf, struct scratch *scratch,
	struct encode_knowledge *known, struct duplicates *to)
{
	enum { GRAIN = 4 };
	const struct record_context with = { .blob = buf->blob, .scratch = scratch };
	uint64_t start = chunk_start(buf->blob, buf->chunk_no), middle = start + buf->len / 2;
	size_t i = segments_find(known->cut.items, known->cut.n, middle);
	const struct segment *s = i < known->cut.n ? &known->cut.items[i] : NULL;
	uint32_t grain = GRAIN, first = 0;

	if (s && s->offset <= middle) {
		uint32_t moves_by = s->elem_bytes & -s->elem_bytes; /* its largest power of two */

		if (moves_by < GRAIN && (moves_by > 1 || buf->untyped))
			grain = moves_by;
		first = (uint32_t)((s->offset - start) % GRAIN);
	}
	duplicates_find(&with, buf, grain, first, to);
	known->copies = &to->copies;
}

/* Encode a buffer in state ENCODING and append its record. No lock is held. */
static void encode(struct cbuf *buf)
{
	struct alcm_blob *blob = buf->blob;
	struct encode_knowledge known;
	struct duplicates duplicates;
	uint32_t chunk_no = buf->chunk_no;
	struct scratch *scratch;
	struct record r = { 0 };
	uint64_t off = 0;
	int err = -ENOMEM;

	encode_learn(buf, &known);
	scratch = engine_scratch_get(blob->alcm, blob->chunk_bytes);
	if (scratch) {
		find_duplicates(buf, scratch, &known, &duplicates);
		err = encode_record(buf, &known, scratch, &r)
			?: append(blob, scratch->frame, r.frame_len, &off);
		engine_scratch_put(blob->alcm, scratch);
	}
	mem_free(known.cut.items);
	lock_take(&blob->lock);

	bool stored = finish_locked(buf, err, &r, off);

	/* With the lock held: once no buffer is busy the blob may be closed. */
	if (stored && !r.n_bases)
		duplicates_remember(blob, chunk_no, &duplicates);
	lock_drop(&blob->lock);
}

/* Run by a worker. */
static void encode_job(struct pool_job *job)
{
	struct cbuf *buf = (struct cbuf *)job; /* its first member */

	{
		WITH_LOCK(&buf->blob->lock);
		buf->state = CBUF_ENCODING;
	}
	encode(buf);
}

void encode_queue_locked(struct cbuf *buf)
{
	struct alcm_blob *blob = buf->blob;

	blob->cache.n_dirty--;
	blob->cache.n_busy++;
	buf->state = CBUF_QUEUED;
	buf->job.run = encode_job;
	pool_submit(blob->alcm->pool, &buf->job);
}

static void encode_now_locked(struct cbuf *buf)
{
	struct alcm_blob *blob = buf->blob;

	blob->cache.n_dirty--;
	blob->cache.n_busy++;
	buf->state = CBUF_ENCODING;
	lock_drop(&blob->lock);
	encode(buf);
	lock_take(&blob->lock);
}

static void encode_queue_all_locked(struct alcm_blob *blob)
{
	struct cbuf *next;

	for (struct cbuf *buf = blob->cache.ring.next; buf != &blob->cache.ring; buf = next) {
		next = buf->next;
		if (buf->state == CBUF_DIRTY)
			encode_queue_locked(buf);
	}
}

/* Called by the budget when buffers are short. */
void encode_reclaim(struct budget_client *client)
{
	struct alcm_blob *blob = (struct alcm_blob *)((char *)client -
		offsetof(struct alcm_blob, client));

	WITH_LOCK(&blob->lock);
	cache_free_clean_locked(blob, 0);
	/* What failed for want of space is tried again; a store that lost a write is not. */
	if (!blob->changes.failed)
		encode_queue_all_locked(blob);
}

/* A single buffer is encoded on this thread, which saves two context switches. The busy
   count covers buffers that were queued before. */
int encode_all_locked(struct alcm_blob *blob)
{
	blob->changes.full = 0;
	for (struct cbuf *buf = blob->cache.ring.next; blob->cache.n_dirty == 1;
		 buf = buf->next) {
		if (buf->state == CBUF_DIRTY) {
			encode_now_locked(buf);
			break;
		}
	}
	do {
		if (!blob->changes.full && !blob->changes.failed)
			encode_queue_all_locked(blob);
		while (blob->cache.n_busy)
			lock_wait(&blob->lock, &blob->changed);
		/* Again, if a chunk was left because what it refers to was replaced. */
	} while (blob->cache.n_dirty && !blob->changes.full && !blob->changes.failed);
	return blob->changes.failed ? blob->changes.failed : blob->changes.full;
}
