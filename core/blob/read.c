/* SPDX-License-Identifier: MIT */
/*
 * Reading. Bytes come from the chunk's buffer if it has one. Otherwise the record is
 * decoded: into a new CLEAN buffer for a small read, as more small reads of the chunk are
 * likely; straight into the reader's memory for a whole chunk, or when the budget has no
 * buffer.
 *
 * Readers take no part in `exclusive` and go on during a commit. The price is that a
 * record may be moved, and its old place punched, while it is read without the lock. A
 * failed read therefore looks at the slot again and retries if the record changed.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/checked.h"
#include "base/lock.h"
#include "blob/cache.h"
#include "blob/record.h"

/* Behind the valid bytes a chunk is zeros. */
static void copy_out(const struct cbuf *buf, uint32_t from, uint32_t n, uint8_t *out)
{
	uint32_t have = buf->len > from ? buf->len - from : 0;

	if (have > n)
		have = n;
	memcpy(out, buf->data + from, have);
	memset(out + have, 0, n - have);
}

/* Decode a record for a read of the whole chunk, or when there is no buffer to keep it
   in. */
static int read_direct(struct alcm_blob *blob, const struct table_record *at,
	uint32_t from, uint32_t n, uint8_t *out, struct alcm_diag *diag)
{
	struct scratch *s = engine_scratch_get(blob->alcm, blob->chunk_bytes);
	const struct record_context with = { blob, s, diag };
	bool whole = from == 0 && n == blob->chunk_bytes;
	uint32_t len = 0;

	if (!s)
		return -ENOMEM;

	uint8_t *to = whole ? out : s->raw;
	int err = record_read(&with, at, to, &len);

	if (!err && whole) {
		memset(out + len, 0, n - len);
	} else if (!err) {
		struct cbuf piece = { .data = s->raw, .len = len };

		copy_out(&piece, from, n, out);
	}
	engine_scratch_put(blob->alcm, s);
	return err;
}

/* One try. Called with the lock held; returns without it. `*retry`: the buffer is loaded
   now, or the record was replaced while it was read. Look again. */
static int read_try(struct alcm_blob *blob, uint32_t chunk_no, uint32_t from, uint32_t n,
	uint8_t *out, bool *retry, struct alcm_diag *diag)
{
	struct slot *slot = table_find(&blob->table, chunk_no);
	struct cbuf *buf = slot ? slot->buf : NULL;
	uint64_t off = slot ? slot->off : 0;
	uint32_t frame_len = slot ? slot->frame_len : 0;
	const struct table_record at = { off, frame_len, chunk_no };
	uint8_t *data = NULL;
	int err;

	if (buf) {
		copy_out(buf, from, n, out);
		cache_touch_locked(blob, buf);
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
		cache_free_clean_locked(blob, CACHE_MAX_CLEAN - 1);
		buf = cache_install_locked(blob, chunk_no, data);
		if (!buf) {
			lock_drop(&blob->lock);
			budget_put(blob->alcm->budget, data, blob->chunk_bytes);
			return -ENOMEM;
		}
		err = cache_load_locked(blob, buf, off, frame_len, diag);
		*retry = !err;
		lock_drop(&blob->lock);
	} else {
		lock_drop(&blob->lock);
		err = read_direct(blob, &at, from, n, out, diag);
	}
	if (err) {
		WITH_LOCK(&blob->lock);
		*retry = slot->off != off || slot->buf;
	}
	return err;
}

/*
 * LOADING ends in a buffer or in an error that the loader reports; either way look again.
 */
static int read_chunk(struct alcm_blob *blob, uint32_t chunk_no, uint32_t from,
	uint32_t n, uint8_t *out, struct alcm_diag *diag)
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

/* An error after the first chunk gives a short read; the next call then reports it. */
ssize_t alcm_blob_pread(struct alcm_blob *blob, void *buf, size_t n, uint64_t off,
	struct alcm_diag *diag)
{
	uint64_t size = alcm_blob_size(blob), at = off, end;
	int unfinished = blob_check_finished(blob, diag);

	if (unfinished)
		return unfinished;
	if (off >= size)
		return 0;
	end = min_u64(size, off + min_u64(n, INT64_MAX / 2));
	while (at < end) {
		uint32_t from = (uint32_t)(at & (blob->chunk_bytes - 1));
		uint32_t len = (uint32_t)min_u64(blob->chunk_bytes - from, end - at);
		int err = read_chunk(blob, chunk_of(blob, at), from, len,
			(uint8_t *)buf + (at - off), diag);

		if (err)
			return at > off ? (ssize_t)(at - off) : err;
		at += len;
	}
	return (ssize_t)(at - off);
}

/* A slot without record and buffer is a hole too: truncating leaves such slots behind. */
int64_t alcm_blob_seek(struct alcm_blob *blob, uint64_t off, int whence)
{
	WITH_LOCK(&blob->lock);
	if (off >= blob->size)
		return -ENXIO;

	uint32_t k = chunk_of(blob, off), at = k;

	if (whence == SEEK_DATA) {
		if (!table_next(&blob->table, &at))
			return -ENXIO;
		if (at != k)
			off = chunk_start(blob, at);
		return off < blob->size ? (int64_t)off : -ENXIO;
	}
	while (off < blob->size) {
		const struct slot *s = table_find(&blob->table, chunk_of(blob, off));

		if (!s || (!s->off && !s->buf))
			return (int64_t)off;
		off = chunk_start(blob, (off >> blob->chunk_log2) + 1);
	}
	return (int64_t)blob->size;
}
