/* SPDX-License-Identifier: MIT */
/*
 * What is known of where a blob's tensors lie, by a parser or by what bytes look like. It is looked for when
 * chunks are encoded, and only says how: a layout that is behind the file, or wrong, costs ratio.
 */
#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/lock.h"
#include "blob/blob_state.h"
#include "codec/guess.h"

/* One byte in so many may lie between tensors: heads, names and padding. */
enum { UNTYPED_SHARE = 8 };

/* ---- one tensor: the first chunk says all ------------------------------------------------------ */

/* The layout from the first chunk's bytes. */
static void set_layout_locked(struct alcm_blob *blob, const uint8_t *data, uint32_t len)
{
	size_t n = min_u64(len, blob->size);

	format_parse(data, n, &blob->layout);
	if (disk_header_begins(data, n))
		blob->layout.format = ALCM_FORMAT_BLOB;
	blob->layout_stale = false;
}

void layout_refresh_locked(struct alcm_blob *blob)
{
	struct slot *slot = table_find(&blob->table, 0);

	while (blob->layout_stale && slot && slot->buf && slot->buf->state == CBUF_LOADING)
		lock_wait(&blob->lock, &blob->changed);
	if (!blob->layout_stale)
		return;
	if (slot && slot->buf) {
		set_layout_locked(blob, slot->buf->data, slot->buf->len);
		return;
	}
	if (!slot || !slot->off) {
		set_layout_locked(blob, (const uint8_t *)"", 0);
		return;
	}

	uint64_t off = slot->off;
	uint32_t frame_len = slot->frame_len, len = 0;

	lock_drop(&blob->lock);

	struct scratch *s = engine_scratch_get(blob->alcm, blob->chunk_bytes);
	int err = s ? record_read(blob, s, off, frame_len, 0, s->raw, &len, NULL) : -ENOMEM;

	lock_take(&blob->lock);
	/* A record that was moved meanwhile is read the next time. */
	if (blob->layout_stale && (!err || slot->off == off))
		set_layout_locked(blob, err ? (const uint8_t *)"" : s->raw, err ? 0 : len);
	if (s)
		engine_scratch_put(blob->alcm, s);
}

/* ---- containers -------------------------------------------------------------------------------- */

static int read_logical(void *ctx, void *buf, size_t n, uint64_t off)
{
	ssize_t got = alcm_blob_pread(ctx, buf, n, off, NULL);

	if (got < 0)
		return (int)got;
	return (size_t)got == n ? 0 : -EIO;
}

static int read_ahead(void *ctx, void *buf, size_t n, uint64_t off)
{
	const struct alcm_blob *blob = ctx;
	const struct store plain = store_posix(blob->ahead_fd);

	return store_read(&plain, buf, n, off);
}

void alcm_blob_look_ahead(struct alcm_blob *blob, int fd, uint64_t size)
{
	WITH_LOCK(&blob->container_lock);
	blob->ahead_fd = fd;
	blob->ahead_size = size;
}

struct format_reader layout_reader(struct alcm_blob *blob)
{
	if (blob->ahead_fd >= 0)
		return (struct format_reader){ read_ahead, blob, blob->ahead_size };
	return (struct format_reader){ read_logical, blob, alcm_blob_size(blob) };
}

void layout_update_container(struct alcm_blob *blob)
{
	struct container *c = &blob->container;
	struct format_reader file = layout_reader(blob);
	bool stale;

	{
		WITH_LOCK(&blob->lock);
		stale = blob->container_stale;
		blob->container_stale = false;
	}
	if (stale)
		container_reset(c);
	container_update(c, &file);

	WITH_LOCK(&blob->lock);
	blob->container_head = c->head_bytes;
	blob->container_tail = c->tail;
}

bool layout_is_untyped(const struct layout *layout, uint64_t off, uint32_t len)
{
	uint64_t untyped = 0, end = off + len;
	struct span span;

	if (layout->dtype_text[0])
		return false;
	for (uint64_t at = off; at < end; at += span.len_bytes) {
		format_next_span(layout, at, end, &span);
		if (span.dtype == DTYPE_BYTES && span.elem_bytes == 1)
			untyped += span.len_bytes;
	}
	return untyped > len / UNTYPED_SHARE;
}

struct segment *layout_add_segments(struct alcm_blob *blob, uint32_t chunk_no, const uint8_t *raw,
	uint32_t len, struct layout *layout, bool *untyped)
{
	uint64_t off = chunk_start(blob, chunk_no);
	struct segment *segments = NULL, *with_guesses;
	size_t n;

	*untyped = false;
	if (layout->dtype_text[0])
		return NULL;
	{
		WITH_LOCK(&blob->container_lock);
		layout_update_container(blob);
		/* Without memory the chunk is bytes. */
		(void)container_cut(&blob->container, off, off + len, &segments,
			&layout->n_segments);
	}
	layout->segments = segments;
	*untyped = layout_is_untyped(layout, off, len);
	with_guesses = codec_guess(layout, raw, off, len, &n);
	if (with_guesses) {
		mem_free(segments);
		layout->segments = segments = with_guesses;
		layout->n_segments = n;
	}
	return segments;
}

void layout_note_change_locked(struct alcm_blob *blob, uint64_t off, uint64_t n)
{
	uint64_t tail = blob->container_tail;

	if (off < blob->container_head || (tail && off <= tail && n > tail - off))
		blob->container_stale = true;
	if (off < blob->chunk_bytes &&
		(!blob->layout.dtype_text[0] || off < blob->layout.data_offset))
		blob->layout_stale = true;
}
