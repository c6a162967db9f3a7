/* SPDX-License-Identifier: MIT */
/* Buffers of chunks: loading, dirtying, encoding and appending them. */
#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/lock.h"
#include "blob/blob_state.h"

/* Clean buffers that a blob keeps for readers of small pieces. */
enum { MAX_CLEAN = 64 };

uint64_t chunk_owes(const struct alcm_blob *blob)
{
	return disk_record_bound(blob->chunk_bytes);
}

static void link_last(struct alcm_blob *blob, struct cbuf *buf)
{
	buf->next = &blob->bufs;
	buf->prev = blob->bufs.prev;
	buf->prev->next = buf->next->prev = buf;
}

static void unlink_buf(struct cbuf *buf)
{
	buf->prev->next = buf->next;
	buf->next->prev = buf->prev;
}

/* ---- making and freeing ------------------------------------------------------------------ */

static struct cbuf *install_locked(struct alcm_blob *blob, uint32_t chunk_no, uint8_t *data)
{
	struct slot *slot = table_make(&blob->table, chunk_no);
	struct cbuf *buf = slot ? mem_zalloc(1, sizeof(*buf)) : NULL;

	if (!buf)
		return NULL;
	buf->blob = blob;
	buf->data = data;
	buf->chunk_no = chunk_no;
	buf->state = CBUF_LOADING;
	slot->buf = buf;
	link_last(blob, buf);
	return buf;
}

static void uninstall_locked(struct alcm_blob *blob, struct slot *slot)
{
	struct cbuf *buf = slot->buf;

	slot->buf = NULL;
	unlink_buf(buf);
	budget_put(blob->alcm->budget, buf->data, blob->chunk_bytes);
	mem_free(buf);
}

void chunk_free_locked(struct alcm_blob *blob, struct slot *slot)
{
	if (slot->buf->state == CBUF_DIRTY) {
		blob->n_dirty--;
		log_settle(&blob->log, chunk_owes(blob));
	} else {
		blob->n_clean--;
	}
	uninstall_locked(blob, slot);
}

void chunk_drop_locked(struct alcm_blob *blob, struct slot *slot)
{
	if (slot->buf)
		chunk_free_locked(blob, slot);
	if (slot->off) {
		blob->log.live -= round_up(slot->frame_len, DISK_ALIGN);
		table_set_record(&blob->table, slot, 0, 0);
		blob->totals.stale = true;
	}
}

static void free_oldest_clean_locked(struct alcm_blob *blob, unsigned keep)
{
	struct cbuf *buf = blob->bufs.next;

	while (blob->n_clean > keep && buf != &blob->bufs) {
		struct cbuf *next = buf->next;

		if (buf->state == CBUF_CLEAN)
			chunk_free_locked(blob, table_find(&blob->table, buf->chunk_no));
		buf = next;
	}
}

/* ---- loading ------------------------------------------------------------------------------- */

/* Fill a LOADING buffer from the record that the slot had; drops the lock while it does. */
static int load_locked(struct alcm_blob *blob, struct cbuf *buf, uint64_t off, uint32_t frame_len,
	struct alcm_diag *diag)
{
	uint32_t len = 0;
	int err = 0;

	if (off) {
		lock_drop(&blob->lock);

		struct scratch *scratch = engine_scratch_get(blob->alcm, blob->chunk_bytes);

		err = scratch ? record_read(blob, scratch, off, frame_len, buf->chunk_no,
					buf->data, &len, diag)
			      : -ENOMEM;
		if (scratch)
			engine_scratch_put(blob->alcm, scratch);
		lock_take(&blob->lock);
	}
	if (err) {
		uninstall_locked(blob, table_find(&blob->table, buf->chunk_no));
	} else {
		buf->len = len;
		buf->state = CBUF_CLEAN;
		blob->n_clean++;
	}
	pthread_cond_broadcast(&blob->changed);
	return err;
}

static void make_dirty_locked(struct alcm_blob *blob, struct cbuf *buf)
{
	buf->state = CBUF_DIRTY;
	buf->lo = buf->hi = 0;
	buf->quantised = buf->recoding = false;
	blob->n_clean--;
	blob->n_dirty++;
}

/*
 * A buffer for a chunk that has none. What it may append is owed already, so once it is there
 * nothing can fail between loading it and its turning dirty.
 */
static int load_for_writer_locked(struct alcm_blob *blob, uint32_t chunk_no, bool whole,
	uint8_t **spare, struct alcm_diag *diag)
{
	struct slot *slot = table_find(&blob->table, chunk_no);
	/* The record stays where it is while the lock is dropped: only writers and holders of
	   `exclusive` replace records, and they wait for LOADING buffers. */
	uint64_t off = slot && !whole ? slot->off : 0;
	uint32_t frame_len = slot ? slot->frame_len : 0;
	struct cbuf *buf = install_locked(blob, chunk_no, *spare);

	if (!buf)
		return -ENOMEM;
	*spare = NULL;

	int err = load_locked(blob, buf, off, frame_len, diag);

	if (!err)
		make_dirty_locked(blob, buf);
	return err;
}

int chunk_dirty_locked(struct alcm_blob *blob, uint32_t chunk_no, bool whole, uint8_t **spare,
	struct cbuf **out, struct alcm_diag *diag)
{
	for (;;) {
		struct slot *slot = table_find(&blob->table, chunk_no);
		struct cbuf *buf = slot ? slot->buf : NULL;

		if (buf && buf->state == CBUF_DIRTY) {
			unlink_buf(buf);
			link_last(blob, buf);
			*out = buf;
			return 0;
		}
		if (buf && buf->state != CBUF_CLEAN) {
			lock_wait(&blob->lock, &blob->changed);
			continue;
		}
		if (!buf && !*spare)
			return -EAGAIN;

		int err = log_owe(&blob->log, chunk_owes(blob));

		/* Chunks on their way take less than they may owe until they are encoded. */
		if (store_is_full(err) && blob->n_busy) {
			lock_wait(&blob->lock, &blob->changed);
			continue;
		}
		if (err)
			return err;
		if (buf) {
			make_dirty_locked(blob, buf);
			continue;
		}
		err = load_for_writer_locked(blob, chunk_no, whole, spare, diag);
		if (err) {
			log_settle(&blob->log, chunk_owes(blob));
			return err;
		}
	}
}

/* ---- encoding ------------------------------------------------------------------------------ */

int chunk_write_header_locked(struct alcm_blob *blob)
{
	uint8_t buf[DISK_HEADER_BYTES];
	struct disk_header h = { blob->chunk_log2, blob->profile, blob->bound, { 0 } };
	int err;

	if (blob->header_written)
		return 0;
	memcpy(h.uuid, blob->uuid, sizeof(h.uuid));
	disk_header_put(buf, &h);
	err = store_write(&blob->log.store, buf, sizeof(buf), 0);
	blob->header_written = !err;
	return err;
}

/* Write a finished frame at the log's end; takes the lock for the bookkeeping only. */
static int append(struct alcm_blob *blob, const uint8_t *frame, uint32_t len, uint64_t *off)
{
	int err;

	{
		WITH_LOCK(&blob->lock);
		err = chunk_write_header_locked(blob);
		if (err)
			return err;
		*off = log_take(&blob->log, len);
	}
	err = store_write(&blob->log.store, frame, len, *off);
	if (err) {
		WITH_LOCK(&blob->lock);
		log_give_back(&blob->log, *off, len);
	}
	return err;
}

static bool retryable(int err)
{
	return store_is_full(err) || err == -ENOMEM;
}

/* The record is in the store (or err says why not): make it the chunk's newest. */
static void finish_locked(struct cbuf *buf, int err, const struct record *r, uint64_t off)
{
	struct alcm_blob *blob = buf->blob;
	struct slot *slot = table_find(&blob->table, buf->chunk_no);

	blob->n_busy--;
	if (retryable(err) && buf->recoding) {
		log_settle(&blob->log, chunk_owes(blob));
		uninstall_locked(blob, slot);
	} else if (err) {
		buf->state = CBUF_DIRTY;
		blob->n_dirty++;
		if (retryable(err))
			blob->full = err;
		else
			blob->failed = -EIO;
	} else {
		uint32_t frame_len = r->frame_len;

		blob->verify_failed |= r->verify_failed;
		if (slot->off) {
			blob->log.live -= round_up(slot->frame_len, DISK_ALIGN);
			blob->totals.stale = true;
			blob->totals.metrics.cpu_ns += r->metrics.cpu_ns;
		} else {
			totals_add(&blob->totals, &r->metrics, &r->planes);
		}
		table_set_record(&blob->table, slot, off, frame_len);
		slot->quantised = buf->quantised;
		slot->rewritten = !buf->quantised &&
			(slot->rewritten || cbuf_is_rewritten(buf, buf->first_value));
		slot->untyped = buf->untyped;
		blob->any_untyped |= buf->untyped;
		blob->log.live += round_up(frame_len, DISK_ALIGN);
		log_settle(&blob->log, chunk_owes(blob));
		uninstall_locked(blob, slot);
	}
	pthread_cond_broadcast(&blob->changed);
}

void chunk_learn(struct cbuf *buf, struct chunk_knowledge *out)
{
	struct alcm_blob *blob = buf->blob;
	uint64_t start = chunk_start(blob, buf->chunk_no);

	out->tensors = buf->quantised ? &blob->lossy_tensors : NULL;
	blob_map_cut(blob, buf->chunk_no, buf->data, buf->len, &out->cut, &buf->untyped);
	buf->first_value = out->cut.n && out->cut.items[0].offset > start
		? (uint32_t)(out->cut.items[0].offset - start)
		: 0;
}

int chunk_make_record(const struct cbuf *buf, const struct chunk_knowledge *known,
	struct scratch *scratch, struct record *out)
{
	const struct record_about about = {
		.cut = &known->cut, .tensors = known->tensors, .distortion = &buf->distortion
	};

	return record_encode(buf->blob, scratch, buf->chunk_no, buf->data, buf->len, &about, out);
}

/* Encode a buffer in state ENCODING and append the record. No lock held. */
static void encode(struct cbuf *buf)
{
	struct alcm_blob *blob = buf->blob;
	struct chunk_knowledge known;
	struct scratch *scratch;
	struct record r = { 0 };
	uint64_t off = 0;
	int err = -ENOMEM;

	chunk_learn(buf, &known);
	scratch = engine_scratch_get(blob->alcm, blob->chunk_bytes);
	if (scratch) {
		err = chunk_make_record(buf, &known, scratch, &r);
		if (!err)
			err = append(blob, scratch->frame, r.frame_len, &off);
		engine_scratch_put(blob->alcm, scratch);
	}
	mem_free(known.cut.items);
	WITH_LOCK(&blob->lock);
	finish_locked(buf, err, &r, off);
}

static void encode_job(struct pool_job *job)
{
	struct cbuf *buf = (struct cbuf *)job; /* its first member */

	{
		WITH_LOCK(&buf->blob->lock);
		buf->state = CBUF_ENCODING;
	}
	encode(buf);
}

void chunk_queue_locked(struct cbuf *buf)
{
	struct alcm_blob *blob = buf->blob;

	blob->n_dirty--;
	blob->n_busy++;
	buf->state = CBUF_QUEUED;
	buf->job.run = encode_job;
	pool_submit(blob->alcm->pool, &buf->job);
}

void chunk_encode_now_locked(struct cbuf *buf)
{
	struct alcm_blob *blob = buf->blob;

	blob->n_dirty--;
	blob->n_busy++;
	buf->state = CBUF_ENCODING;
	lock_drop(&blob->lock);
	encode(buf);
	lock_take(&blob->lock);
}

void chunk_queue_all_locked(struct alcm_blob *blob)
{
	struct cbuf *next;

	for (struct cbuf *buf = blob->bufs.next; buf != &blob->bufs; buf = next) {
		next = buf->next;
		if (buf->state == CBUF_DIRTY)
			chunk_queue_locked(buf);
	}
}

void chunk_reclaim(struct budget_client *client)
{
	struct alcm_blob *blob = (struct alcm_blob *)((char *)client -
		offsetof(struct alcm_blob, client));

	WITH_LOCK(&blob->lock);
	free_oldest_clean_locked(blob, 0);
	/* What failed for want of space is tried again; a store that lost a write is not. */
	if (!blob->failed)
		chunk_queue_all_locked(blob);
}

/* ---- reading ------------------------------------------------------------------------------- */

static void copy_out(const struct cbuf *buf, uint32_t from, uint32_t n, uint8_t *out)
{
	uint32_t have = buf->len > from ? buf->len - from : 0;

	if (have > n)
		have = n;
	memcpy(out, buf->data + from, have);
	memset(out + have, 0, n - have);
}

/* Decode a record for a reader who wants it all, or for whom there is no buffer. */
static int read_direct(struct alcm_blob *blob, uint64_t off, uint32_t frame_len,
	uint32_t chunk_no, uint32_t from, uint32_t n, uint8_t *out, struct alcm_diag *diag)
{
	struct scratch *s = engine_scratch_get(blob->alcm, blob->chunk_bytes);
	bool whole = from == 0 && n == blob->chunk_bytes;
	uint32_t len = 0;

	if (!s)
		return -ENOMEM;

	uint8_t *to = whole ? out : s->raw;
	int err = record_read(blob, s, off, frame_len, chunk_no, to, &len, diag);

	if (!err && whole) {
		memset(out + len, 0, n - len);
	} else if (!err) {
		struct cbuf piece = { .data = s->raw, .len = len };

		copy_out(&piece, from, n, out);
	}
	engine_scratch_put(blob->alcm, s);
	return err;
}

/*
 * One try. Called with the lock held, returns without it. `*retry`: the record was replaced
 * (and its space given back) while it was read; look again.
 */
static int read_try(struct alcm_blob *blob, uint32_t chunk_no, uint32_t from, uint32_t n,
	uint8_t *out, bool *retry, struct alcm_diag *diag)
{
	struct slot *slot = table_find(&blob->table, chunk_no);
	struct cbuf *buf = slot ? slot->buf : NULL;
	uint64_t off = slot ? slot->off : 0;
	uint32_t frame_len = slot ? slot->frame_len : 0;
	uint8_t *data = NULL;
	int err;

	if (buf) {
		copy_out(buf, from, n, out);
		unlink_buf(buf);
		link_last(blob, buf);
	} else if (!off) {
		memset(out, 0, n);
	}
	if (buf || !off) {
		lock_drop(&blob->lock);
		return 0;
	}
	if (n < blob->chunk_bytes)
		data = budget_try_get(blob->alcm->budget, blob->chunk_bytes);
	if (data) {
		free_oldest_clean_locked(blob, MAX_CLEAN - 1);
		buf = install_locked(blob, chunk_no, data);
		if (!buf) {
			lock_drop(&blob->lock);
			budget_put(blob->alcm->budget, data, blob->chunk_bytes);
			return -ENOMEM;
		}
		err = load_locked(blob, buf, off, frame_len, diag);
		*retry = !err;
		lock_drop(&blob->lock);
	} else {
		lock_drop(&blob->lock);
		err = read_direct(blob, off, frame_len, chunk_no, from, n, out, diag);
	}
	if (err) {
		WITH_LOCK(&blob->lock);
		*retry = slot->off != off || slot->buf;
	}
	return err;
}

int chunk_read(struct alcm_blob *blob, uint32_t chunk_no, uint32_t from, uint32_t n, uint8_t *out,
	struct alcm_diag *diag)
{
	for (;;) {
		bool retry = false;

		lock_take(&blob->lock);

		struct slot *slot = table_find(&blob->table, chunk_no);

		while (slot && slot->buf && slot->buf->state == CBUF_LOADING)
			lock_wait(&blob->lock, &blob->changed);

		int err = read_try(blob, chunk_no, from, n, out, &retry, diag);

		if (!retry)
			return err;
	}
}
