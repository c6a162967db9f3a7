/* SPDX-License-Identifier: MIT */
/*
 * Changing a blob's size, and punching holes in it. Truncating holds `exclusive`; holes
 * of whole chunks drop their records, and everything else is a write of zeros.
 *
 *   chunks 0 1 2 3 of 256 KiB, truncate to 600 KiB:
 *     chunks 0, 1    untouched
 *     chunk 2        loaded and cut to 88 KiB, dirty
 *     chunk 3        its buffer and its record are dropped
 *
 * Nothing in the store changes before the next commit: the dropped records are still
 * there, and a crash brings the old size back with all of its bytes. Growing again reads
 * zeros, as the cut chunk's record ends there.
 */
#include <errno.h>

#include "base/checked.h"
#include "base/lock.h"
#include "blob/cache.h"
#include "blob/write.h"

/* Shorten a chunk that the new end of the file cuts; bytes behind `len` read as zeros. */
static int cut_chunk_locked(struct alcm_blob *blob, uint32_t chunk_no, uint32_t from,
	uint8_t **spare, struct alcm_diag *diag)
{
	struct slot *s = table_find(&blob->table, chunk_no);
	struct cbuf *buf;
	int err;

	if (!s || (!s->off && !s->buf))
		return 0;
	err = cache_dirty_locked(blob, chunk_no, false, spare, &buf, diag);
	if (!err && buf->len > from) {
		buf->len = from;
		if (buf->hi > from)
			buf->lo = buf->hi = 0;
	}
	return err;
}

/* Growing needs no work: the new bytes are a hole. Shrinking cuts the last chunk and
   drops those behind it. */
static int truncate_locked(struct alcm_blob *blob, uint64_t size, uint8_t **spare,
	struct alcm_diag *diag)
{
	uint64_t first_gone = (size + blob->chunk_bytes - 1) >> blob->chunk_log2;
	uint32_t cut = (uint32_t)(size & (blob->chunk_bytes - 1));
	int err = blob_changeable(blob);

	/* A blob that was rebuilt without a commit can only be emptied. */
	if (!err && size)
		err = blob_check_finished(blob, diag);
	if (!err && size < blob->size && cut)
		err = cut_chunk_locked(blob, chunk_of(blob, size), cut, spare, diag);
	if (err)
		return err;
	if (size < blob->size) {
		cache_await_loaders_locked(blob);
		/* A loader may have brought the whole record back while we waited. */
		if (cut) {
			err = cut_chunk_locked(blob, chunk_of(blob, size), cut, spare, diag);
			if (err)
				return err;
		}
		cache_drop_from_locked(blob, first_gone);
		/* Tensors that were found may have lain behind the new end. */
		tensor_map_note_change(&blob->map, 0, UINT64_MAX);
	}
	if (size != blob->size)
		blob_mark_dirty_locked(blob);
	blob->size = size;
	if (!size)
		atomic_store(&blob->changes.unfinished, false);
	return 0;
}

/*
 * The spare buffer for the cut chunk is taken without the lock; -EAGAIN asks for another.
 */
int alcm_blob_truncate(struct alcm_blob *blob, uint64_t size, struct alcm_diag *diag)
{
	uint8_t *spare;
	int err;

	if (size > alcm_blob_max_size(blob))
		return blob_too_large(blob, diag);
	spare = budget_get(blob->alcm->budget, blob->chunk_bytes);
	if (!spare)
		return -ENOMEM;
	do {
		WITH_LOCK(&blob->lock);
		blob_enter_locked(blob);
		err = truncate_locked(blob, size, &spare, diag);
		blob_leave_locked(blob);
	} while (err == -EAGAIN &&
		(spare = budget_get(blob->alcm->budget, blob->chunk_bytes)));
	if (spare)
		budget_put(blob->alcm->budget, spare, blob->chunk_bytes);
	return err;
}

/* The next offset from `off`, a chunk's start, that isn't already inside a whole chunk of
   zeros before `end`. Zeroing a sparse file must not walk each of its holes. */
static uint64_t behind_holes(struct alcm_blob *blob, uint64_t off, uint64_t end)
{
	uint64_t last = end & ~(uint64_t)(blob->chunk_bytes - 1);
	uint32_t k;

	if (off >= last)
		return off;
	WITH_LOCK(&blob->lock);
	k = chunk_of(blob, off);
	return table_next(&blob->table, &k) ? min_u64(chunk_start(blob, k), last) : last;
}

int alcm_blob_zero(struct alcm_blob *blob, uint64_t off, uint64_t len,
	struct alcm_diag *diag)
{
	uint64_t end = min_u64(off + min_u64(len, DISK_MAX_LOGICAL), alcm_blob_size(blob));
	uint8_t *spare = NULL;
	int err = 0;

	while (off < end && !err) {
		uint32_t from = (uint32_t)(off & (blob->chunk_bytes - 1));
		uint32_t n = (uint32_t)min_u64(blob->chunk_bytes - from, end - off);
		uint32_t chunk_no = chunk_of(blob, off);

		if (n < blob->chunk_bytes) {
			err = blob_write_piece(blob, chunk_no, from, n, NULL, &spare, diag);
		} else {
			WITH_LOCK(&blob->lock);
			blob_enter_locked(blob);
			cache_await_loaders_locked(blob);
			err = blob_changeable(blob);

			struct slot *s = table_find(&blob->table, chunk_no);

			if (!err && s)
				cache_drop_locked(blob, s);
			if (!err)
				blob_mark_dirty_locked(blob);
			tensor_map_note_change(&blob->map, off, n);
			blob_leave_locked(blob);
		}
		off = behind_holes(blob, off + n, end);
	}
	if (spare)
		budget_put(blob->alcm->budget, spare, blob->chunk_bytes);
	return err;
}
