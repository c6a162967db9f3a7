/* SPDX-License-Identifier: MIT */
#include "blob/walk.h"

#include <errno.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "blob/index.h"

/* Length of the frame whose first bytes are in buf, or 0 when there is none. */
static uint64_t frame_at(struct walk *w, const uint8_t *buf, size_t n, uint64_t off)
{
	struct disk_record r;
	struct disk_trailer t;
	struct disk_index x;

	w->has_index |= disk_index_get(&x, buf, n) == DISK_OK;
	if (disk_record_get(&r, buf, n, w->chunk_bytes) == DISK_OK && r.tag == w->tag) {
		uint64_t len = DISK_RECORD_BYTES + (uint64_t)r.body_len;

		/* A crash may leave a head without its body, and frames of a later writer in the
		   body's place: only a whole record may be passed over by its length. */
		int err = len > w->file_size - off
			? -ENODATA
			: blob_io_read(w->store, w->body, r.body_len, off + DISK_RECORD_BYTES);

		/* A record that can't be read must stop the walk, or an older one would take its
		   place. */
		if (err && err != -ENODATA && w->records)
			w->err = err;
		if (err || disk_hash(w->body, r.body_len) != r.body_hash)
			return 0;

		struct slot *s = w->records ? table_make(w->records, r.chunk_no) : NULL;

		if (s)
			table_set_record(w->records, s, off, (uint32_t)len);
		else if (w->records)
			w->err = -ENOMEM;
		return len;
	}
	if (disk_trailer_get(&t, buf, n, off) == DISK_OK && disk_tag(t.uuid) == w->tag) {
		struct table table = { 0 };
		struct totals totals;
		int err = w->records ? 0 : index_load(w->store, &t, false, &table, &totals, NULL);

		if (err && err != -EBADMSG)
			w->err = err;
		if (!w->records && !err) {
			w->trailer = t;
			w->has_trailer = true;
			table_release(&table);
		}
		return DISK_TRAILER_BYTES;
	}
	return 0;
}

/* The first offset at or behind `off` that may hold a frame. */
static uint64_t skip_hole(const struct blob_io *store, uint64_t off)
{
	int64_t at = store->ops->next_data ? store->ops->next_data(store->ctx, off)
									   : (int64_t)off;

	if (at < 0)
		return at == -ENXIO ? UINT64_MAX : off;
	return max_u64(off, (uint64_t)at & ~(uint64_t)(DISK_ALIGN - 1));
}

int walk_frames(struct walk *w)
{
	enum { WINDOW = 64 << 10 };
	AUTO_FREE uint8_t *buf = mem_alloc(WINDOW);
	AUTO_FREE uint8_t *body = mem_alloc(disk_record_bound(w->chunk_bytes));
	uint64_t off = DISK_HEADER_BYTES, have_off = 0, have = 0;

	if (!buf || !body)
		return -ENOMEM;
	w->body = body;
	while (!w->err && off < w->file_size && w->file_size - off >= DISK_RECORD_BYTES) {
		if (off >= have_off + have)
			off = skip_hole(w->store, off);
		if (off > w->file_size - DISK_RECORD_BYTES)
			break;
		size_t need = min_u64(DISK_TRAILER_BYTES, w->file_size - off);

		if (off < have_off || off + need > have_off + have) {
			have_off = off;
			have = min_u64(WINDOW, w->file_size - off);

			int err = blob_io_read(w->store, buf, have, off);

			if (err)
				return err;
		}
		uint64_t len = frame_at(w, buf + (off - have_off), need, off);

		off = round_up(off + (len ? len : 1), DISK_ALIGN);
	}
	return w->err;
}
