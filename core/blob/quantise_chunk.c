/* SPDX-License-Identifier: MIT */
/*
 * Moving the values of a chunk onto the grids of its tensors. The values are read as any
 * reader sees them, changed in a buffer of the budget, and become the chunk's dirty
 * buffer, marked `quantised`. A hole stays one, and a chunk that is marked is left alone,
 * so a second pass changes only what was written since.
 */
#include "blob/cache.h"
#include "blob/encode.h"
#include "blob/quantise.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/clock.h"
#include "base/lock.h"
#include "tensor/values.h"

enum { PIECE = 4096 }; /* values converted at a time; x and y are on the stack */

/* A short read means that the file shrank, which `exclusive` prevents: treat it as
   damage. */
int quantise_read(const struct pass *p, uint64_t off, uint32_t n, uint8_t *out)
{
	ssize_t got = alcm_blob_pread(p->blob, out, n, off, p->diag);

	if (got < 0)
		return (int)got;
	return (uint32_t)got == n ? 0 : -EIO;
}

/* Encoders read tensors and grid without the lock, so they must be done first. */
void quantise_set(struct alcm_blob *blob, const struct lossy_tensors *tensors,
	struct lossy *lossy)
{
	WITH_LOCK(&blob->lock);
	while (blob->cache.n_busy)
		lock_wait(&blob->lock, &blob->changed);
	lossy_tensors_release(&blob->lossy.tensors);
	blob->lossy.tensors = *tensors;
	if (blob->lossy.grid != lossy)
		lossy_free(blob->lossy.grid);
	blob->lossy.grid = lossy;
}

/* ---- replacing --------------------------------------------------------------------- */

/*
 * Quantise the tensor's values among the `len` bytes at `data`, which lie at `off` in the
 * file. Elements cut by a chunk's end stay as they are. The first round only tests: with
 * NaN or infinity, or if the formula overflows, nothing is changed and the result is
 * false.
 */
static bool apply(const struct pass *p, const struct lossy_tensor *t, uint8_t *data,
	uint64_t off, uint32_t len, struct distortion *distortion)
{
	const struct lossy_shape *shape = &t->about->shape;
	unsigned width = lossy_width(shape), elem = width * shape->n_components;
	uint64_t lo = t->offset + round_up(max_u64(off, t->offset) - t->offset, elem);
	uint64_t hi = t->offset +
		(min_u64(off + len, t->offset + t->bytes) - t->offset) / elem * elem;
	double x[PIECE], y[PIECE];

	for (int write = 0; write < 2; write++) {
		for (uint64_t at = lo, n; at < hi; at += n * width) {
			uint8_t *bytes = data + (at - off);
			uint64_t first = (at - t->offset) / width;

			n = min_u64(PIECE, (hi - at) / width);
			(void)values_get(x, bytes, (unsigned)n, shape->dtype, t->big_endian);
			if (!lossy_apply(&t->about->params, shape, first, (uint32_t)n, x, y,
					p->again))
				return false;
			if (!write)
				continue;
			distortion_add(distortion, x, y, (uint32_t)n);
			values_put(bytes, y, (unsigned)n, shape->dtype, t->big_endian);
		}
	}
	return lo < hi;
}

/* The same for all tensors of the chunk. False: no value was, or could be, changed. */
static bool apply_all(const struct pass *p, uint8_t *data, uint64_t off, uint32_t len,
	struct distortion *distortion)
{
	const struct lossy_tensors *l = &p->blob->lossy.tensors;
	bool any = false;

	*distortion = (struct distortion){ 0 };
	for (size_t i = lossy_tensors_find(l, off);
		 i < l->n && l->items[i].offset < off + len; i++)
		any |= l->items[i].about && apply(p, &l->items[i], data, off, len, distortion);
	return any;
}

/* Make `data` the chunk's content. It is a buffer of the budget; *data is NULL if it was
   used. */
static int replace(const struct pass *p, uint32_t chunk_no, uint8_t **data, uint32_t len,
	const struct distortion *distortion, bool hold)
{
	struct alcm_blob *blob = p->blob;
	uint8_t *content = *data, *spare = content;
	struct cbuf *buf;

	WITH_LOCK(&blob->lock);
	int err = cache_dirty_locked(blob, chunk_no, true, &spare, &buf, p->diag);

	*data = spare;
	if (err)
		return err;
	if (buf->data != content)
		memcpy(buf->data, content, len);
	buf->len = len;
	buf->quantised = true;
	buf->distortion = *distortion;
	blob->changes.dirty = true;
	if (!blob->changes.since_ns)
		blob->changes.since_ns = clock_wall_ns();
	if (!hold)
		encode_queue_locked(buf);
	return 0;
}

/* Mark a chunk that the profile leaves as it is, so the next pass skips it. */
static void mark_done(struct alcm_blob *blob, uint32_t chunk_no)
{
	WITH_LOCK(&blob->lock);
	struct slot *s = table_find(&blob->table, chunk_no);

	if (!s)
		return;
	if (s->buf) {
		s->buf->quantised = true;
		s->buf->distortion = (struct distortion){ 0 };
	}
	s->quantised = true;
}

/* Holes need no work: zero is on every grid. */
static bool is_hole_locked(const struct alcm_blob *blob, uint32_t chunk_no)
{
	const struct slot *s = table_find(&blob->table, chunk_no);

	return !s || (!s->buf && !s->off);
}

bool quantise_is_done_locked(const struct alcm_blob *blob, uint32_t chunk_no)
{
	const struct slot *s = table_find(&blob->table, chunk_no);

	if (!s)
		return false;
	/* A buffer that isn't clean is newer than the record. */
	return s->buf && s->buf->state != CBUF_CLEAN && s->buf->state != CBUF_LOADING
		? s->buf->quantised
		: s->quantised;
}

/* Chunk numbers past the last possible one end the walk. */
bool quantise_next_chunk(struct alcm_blob *blob, uint64_t *chunk_no)
{
	uint32_t k = (uint32_t)*chunk_no;

	WITH_LOCK(&blob->lock);
	if (*chunk_no > UINT32_MAX || !table_next(&blob->table, &k))
		return false;
	*chunk_no = k;
	return true;
}

int quantise_chunk(struct pass *p, uint32_t chunk_no, bool hold)
{
	struct alcm_blob *blob = p->blob;
	uint64_t off = chunk_start(blob, chunk_no);
	uint32_t len = (uint32_t)min_u64(blob->chunk_bytes, alcm_blob_size(blob) - off);
	struct distortion distortion;
	uint8_t *data;
	int err;

	{
		WITH_LOCK(&blob->lock);
		if (quantise_is_done_locked(blob, chunk_no) || is_hole_locked(blob, chunk_no))
			return 0;
	}
	data = budget_get(blob->alcm->budget, blob->chunk_bytes);
	err = data ? quantise_read(p, off, len, data) : -ENOMEM;
	if (!err && apply_all(p, data, off, len, &distortion)) {
		p->changed |= distortion.max_error > 0;
		err = replace(p, chunk_no, &data, len, &distortion, hold);
	} else if (!err) {
		mark_done(blob, chunk_no);
	}
	if (data)
		budget_put(blob->alcm->budget, data, blob->chunk_bytes);
	return err;
}
