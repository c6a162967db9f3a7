/* SPDX-License-Identifier: MIT */
/*
 * Writing, chunk by chunk. Bytes go into the chunk's dirty buffer; once all of the chunk
 * was written in one run, the buffer goes to the encoders while the writer goes on.
 *
 *   write(0, 100 KiB)     chunk 0: [0, 100)                       dirty
 *   write(100, 200 KiB)   chunk 0: [0, 256), full ──► encoders    chunk 1: [0, 44) dirty
 *
 * (With chunks of 256 KiB.) Chunks that are written in other ways wait for the commit or
 * for the budget, as they may change again.
 *
 * What can fail should fail here, while the writer can be told: a buffer is taken, and
 * space for the record is reserved if the store can do that, before a byte is copied.
 * After an error the bytes up to its chunk are written, as with write(2).
 */
#include "blob/write.h"

#include <errno.h>
#include <string.h>

#include "base/checked.h"
#include "base/lock.h"
#include "blob/cache.h"
#include "blob/encode.h"

/* For fallocate(2) of an application: the space isn't owed, so later writes share it. */
int alcm_blob_reserve(struct alcm_blob *blob, uint64_t len)
{
	WITH_LOCK(&blob->lock);
	return blob->changes.failed ? blob->changes.failed : log_reserve(&blob->log, len);
}

/* Put bytes (NULL: zeros) into a dirty buffer. [lo, hi) grows only by adjoining writes; a
   write elsewhere isn't recorded. */
static void fill_locked(struct alcm_blob *blob, struct cbuf *buf, uint32_t from,
	uint32_t n, const uint8_t *data)
{
	if (from > buf->len)
		memset(buf->data + buf->len, 0, from - buf->len);
	if (data)
		memcpy(buf->data + from, data, n);
	else
		memset(buf->data + from, 0, n);
	if (from + n > buf->len)
		buf->len = from + n;
	if (buf->lo == buf->hi) {
		buf->lo = from;
		buf->hi = from + n;
	} else if (from <= buf->hi && from + n >= buf->lo) {
		buf->lo = from < buf->lo ? from : buf->lo;
		buf->hi = from + n > buf->hi ? from + n : buf->hi;
	}
	tensor_map_note_change(&blob->map, chunk_start(blob, buf->chunk_no) + from, n);
}

/* A whole chunk, or the end of the file from the chunk's start, needs no read of the old
   bytes. */
int blob_write_piece(struct alcm_blob *blob, uint32_t chunk_no, uint32_t from, uint32_t n,
	const uint8_t *data, uint8_t **spare, struct alcm_diag *diag)
{
	uint64_t end = chunk_start(blob, chunk_no) + from + n;
	struct cbuf *buf;
	int err = 0;

	if (!*spare)
		*spare = budget_try_get(blob->alcm->budget, blob->chunk_bytes);
	for (;;) {
		if (err == -EAGAIN) {
			*spare = budget_get(blob->alcm->budget, blob->chunk_bytes);
			if (!*spare)
				return -ENOMEM;
		}
		WITH_LOCK(&blob->lock);
		while (blob->changes.exclusive)
			lock_wait(&blob->lock, &blob->changed);
		err = blob_changeable(blob);
		if (err)
			return err;

		bool whole = from == 0 && (n == blob->chunk_bytes || end >= blob->size);

		err = cache_dirty_locked(blob, chunk_no, whole, spare, &buf, diag);
		if (err == -EAGAIN)
			continue;
		if (err)
			return err;
		fill_locked(blob, buf, from, n, data);
		if (end > blob->size)
			blob->size = end;
		blob_mark_dirty_locked(blob);
		if (buf->lo == 0 && buf->hi == blob->chunk_bytes)
			encode_queue_locked(buf);
		return 0;
	}
}

/* The spare buffer is kept across chunks and returned at the end. */
ssize_t alcm_blob_pwrite(struct alcm_blob *blob, const void *buf, size_t n, uint64_t off,
	struct alcm_diag *diag)
{
	uint8_t *spare = NULL;
	uint64_t at = off, max = alcm_blob_max_size(blob), end;
	int err = blob_check_finished(blob, diag);

	if (err)
		return err;
	if (n && off >= max)
		return blob_too_large(blob, diag);
	/* As with any file size limit, what fits below it is written. */
	end = n ? off + min_u64(n, max - off) : off;
	while (at < end && !err) {
		uint32_t from = (uint32_t)(at & (blob->chunk_bytes - 1));
		uint32_t len = (uint32_t)min_u64(blob->chunk_bytes - from, end - at);

		err = blob_write_piece(blob, chunk_of(blob, at), from, len,
			(const uint8_t *)buf + (at - off), &spare, diag);
		if (!err)
			at += len;
	}
	if (spare)
		budget_put(blob->alcm->budget, spare, blob->chunk_bytes);
	return at > off ? (ssize_t)(at - off) : err;
}
