/* SPDX-License-Identifier: MIT */
/*
 * Buffers of chunks: loading, changing, dropping them.
 *
 * Buffers hang in a ring, least recently used first, so the coldest CLEAN ones are freed
 * first. A buffer's memory is the budget's; its slot in the chunk table finds it. What a
 * DIRTY buffer may append is owed to the log from the moment it turns DIRTY until it is
 * encoded or dropped.
 *
 * (state.h draws the states.) A writer that finds a buffer neither CLEAN nor DIRTY waits
 * for `changed` and then looks at the slot again, as it may have no buffer or another
 * one. Pointers to buffers don't outlive a wait; pointers to slots do.
 */
#include "blob/cache.h"

#include <errno.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/lock.h"
#include "blob/record.h"

uint64_t cache_owes(const struct alcm_blob *blob)
{
	return disk_record_bound(blob->chunk_bytes);
}

static void link_last(struct alcm_blob *blob, struct cbuf *buf)
{
	buf->next = &blob->cache.ring;
	buf->prev = blob->cache.ring.prev;
	buf->prev->next = buf->next->prev = buf;
}

static void unlink_buf(struct cbuf *buf)
{
	buf->prev->next = buf->next;
	buf->next->prev = buf->prev;
}

void cache_touch_locked(struct alcm_blob *blob, struct cbuf *buf)
{
	unlink_buf(buf);
	link_last(blob, buf);
}

/* ---- making and freeing ------------------------------------------------------------ */

/* The table's slot and the buffer are made before anything changes, so a failure has
   nothing to undo. */
struct cbuf *cache_install_locked(struct alcm_blob *blob, uint32_t chunk_no,
	uint8_t *data)
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

void cache_uninstall_locked(struct alcm_blob *blob, struct slot *slot)
{
	struct cbuf *buf = slot->buf;

	slot->buf = NULL;
	unlink_buf(buf);
	budget_put(blob->alcm->budget, buf->data, blob->chunk_bytes);
	mem_free(buf);
}

void cache_free_locked(struct alcm_blob *blob, struct slot *slot)
{
	if (slot->buf->state == CBUF_DIRTY) {
		blob->cache.n_dirty--;
		log_settle(&blob->log, cache_owes(blob));
	} else {
		blob->cache.n_clean--;
	}
	cache_uninstall_locked(blob, slot);
}

/* The record's space is dead now; the next commit recounts the totals without it. */
void cache_drop_locked(struct alcm_blob *blob, struct slot *slot)
{
	if (slot->buf)
		cache_free_locked(blob, slot);
	if (slot->off) {
		blob->log.live -= round_up(slot->frame_len, DISK_ALIGN);
		table_set_record(&blob->table, slot, 0, 0);
		blob->totals.stale = true;
	}
}

/* `first` may lie behind the last possible chunk number when the size is the largest. */
void cache_drop_from_locked(struct alcm_blob *blob, uint64_t first)
{
	struct slot *s;

	if (first > UINT32_MAX)
		return;
	for (uint32_t k = (uint32_t)first; (s = table_next(&blob->table, &k)); k++) {
		cache_drop_locked(blob, s);
		if (k == UINT32_MAX)
			break;
	}
}

/*
 * Buffers in other states are skipped: only CLEAN ones can be made again from a record.
 */
void cache_free_clean_locked(struct alcm_blob *blob, unsigned keep)
{
	struct cbuf *buf = blob->cache.ring.next;

	while (blob->cache.n_clean > keep && buf != &blob->cache.ring) {
		struct cbuf *next = buf->next;

		if (buf->state == CBUF_CLEAN)
			cache_free_locked(blob, table_find(&blob->table, buf->chunk_no));
		buf = next;
	}
}

/* ---- loading ----------------------------------------------------------------------- */

/* The lock is dropped while the record is read and decoded. Readers and writers that find
   the buffer LOADING wait for `changed`. */
int cache_load_locked(struct alcm_blob *blob, struct cbuf *buf, uint64_t off,
	uint32_t frame_len, struct alcm_diag *diag)
{
	uint32_t len = 0;
	int err = 0;

	if (off) {
		lock_drop(&blob->lock);

		struct scratch *scratch = engine_scratch_get(blob->alcm, blob->chunk_bytes);
		const struct record_context with = { blob, scratch, diag };
		const struct table_record at = { off, frame_len, buf->chunk_no };

		err = scratch ? record_read(&with, &at, buf->data, &len) : -ENOMEM;
		if (scratch)
			engine_scratch_put(blob->alcm, scratch);
		lock_take(&blob->lock);
	}
	if (err) {
		cache_uninstall_locked(blob, table_find(&blob->table, buf->chunk_no));
	} else {
		buf->len = len;
		buf->state = CBUF_CLEAN;
		blob->cache.n_clean++;
	}
	pthread_cond_broadcast(&blob->changed);
	return err;
}

/* A write is about to change the bytes, so what was known of them no longer holds. */
static void make_dirty_locked(struct alcm_blob *blob, struct cbuf *buf)
{
	buf->state = CBUF_DIRTY;
	buf->lo = buf->hi = 0;
	buf->quantised = buf->reencoding = false;
	blob->cache.n_clean--;
	blob->cache.n_dirty++;
}

/* A buffer for a chunk that has none. The caller has already owed what the buffer may
   append, so nothing can fail between loading it and its turning DIRTY. */
static int load_for_writer_locked(struct alcm_blob *blob, uint32_t chunk_no, bool whole,
	uint8_t **spare, struct alcm_diag *diag)
{
	struct slot *slot = table_find(&blob->table, chunk_no);
	/* The record stays in place while the lock is dropped: only writers and holders of
	   `exclusive` replace records, and they wait for LOADING buffers. */
	uint64_t off = slot && !whole ? slot->off : 0;
	uint32_t frame_len = slot ? slot->frame_len : 0;
	struct cbuf *buf = cache_install_locked(blob, chunk_no, *spare);

	if (!buf)
		return -ENOMEM;
	*spare = NULL;

	int err = cache_load_locked(blob, buf, off, frame_len, diag);

	if (!err)
		make_dirty_locked(blob, buf);
	return err;
}

int cache_dirty_locked(struct alcm_blob *blob, uint32_t chunk_no, bool whole,
	uint8_t **spare, struct cbuf **out, struct alcm_diag *diag)
{
	for (;;) {
		struct slot *slot = table_find(&blob->table, chunk_no);
		struct cbuf *buf = slot ? slot->buf : NULL;

		if (buf && buf->state == CBUF_DIRTY) {
			cache_touch_locked(blob, buf);
			*out = buf;
			return 0;
		}
		if (buf && buf->state != CBUF_CLEAN) {
			lock_wait(&blob->lock, &blob->changed);
			continue;
		}
		if (!buf && !*spare)
			return -EAGAIN;

		int err = log_owe(&blob->log, cache_owes(blob));

		/* Queued chunks usually take less than they owe, so their encoding frees reserved
		   space. */
		if (blob_io_is_full(err) && blob->cache.n_busy) {
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
			log_settle(&blob->log, cache_owes(blob));
			return err;
		}
	}
}

/* After each wait the ring may have changed, so the search starts over. */
void cache_await_loaders_locked(struct alcm_blob *blob)
{
	struct cbuf *buf = blob->cache.ring.next;

	while (buf != &blob->cache.ring) {
		if (buf->state == CBUF_CLEAN || buf->state == CBUF_DIRTY) {
			buf = buf->next;
			continue;
		}
		lock_wait(&blob->lock, &blob->changed);
		buf = blob->cache.ring.next;
	}
}
