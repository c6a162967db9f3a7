/* SPDX-License-Identifier: MIT */
/* Giving whole tensors the values of the blob's lossy profile. */
#include "blob/quantise.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/clock.h"
#include "base/lock.h"
#include "blob/commit.h"
#include "tensor/values.h"

enum { PIECE = 4096 }; /* values converted at a time */

int quantise_read(const struct pass *p, uint64_t off, uint32_t n, uint8_t *out)
{
	ssize_t got = alcm_blob_pread(p->blob, out, n, off, p->diag);

	if (got < 0)
		return (int)got;
	return (uint32_t)got == n ? 0 : -EIO;
}

void quantise_set(struct alcm_blob *blob, const struct lossy_tensors *tensors, struct lossy *lossy)
{
	WITH_LOCK(&blob->lock);
	while (blob->n_busy)
		lock_wait(&blob->lock, &blob->changed);
	lossy_tensors_release(&blob->lossy_tensors);
	blob->lossy_tensors = *tensors;
	if (blob->lossy != lossy)
		lossy_free(blob->lossy);
	blob->lossy = lossy;
}

/* ---- replacing -------------------------------------------------------------------------------- */

/*
 * Quantise the tensor's values among the `len` bytes at `data`, which lie at `off` in the file; what
 * a chunk's end cuts stays as it is. False: there is NaN or Inf among them, or the formula overflows; then
 * all of them are as they were.
 */
static bool apply(const struct pass *p, const struct lossy_tensor *t, uint8_t *data, uint64_t off,
	uint32_t len, struct distortion *distortion)
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
			if (!paper_apply(&t->about->params, shape, first, (uint32_t)n, x, y,
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

/* The same for all tensors; false: none of their values changed or could. */
static bool apply_all(const struct pass *p, uint8_t *data, uint64_t off, uint32_t len,
	struct distortion *distortion)
{
	const struct lossy_tensors *l = &p->blob->lossy_tensors;
	bool any = false;

	*distortion = (struct distortion){ 0 };
	for (size_t i = lossy_tensors_find(l, off); i < l->n && l->items[i].offset < off + len;
		i++)
		any |= l->items[i].about && apply(p, &l->items[i], data, off, len, distortion);
	return any;
}

/* Make `data` (of the budget, used up or given back) the chunk's content. */
static int replace(const struct pass *p, uint32_t chunk_no, uint8_t **data, uint32_t len,
	const struct distortion *distortion, bool hold)
{
	struct alcm_blob *blob = p->blob;
	uint8_t *content = *data, *spare = content;
	struct cbuf *buf;

	WITH_LOCK(&blob->lock);
	int err = chunk_dirty_locked(blob, chunk_no, true, &spare, &buf, p->diag);

	*data = spare;
	if (err)
		return err;
	if (buf->data != content)
		memcpy(buf->data, content, len);
	buf->len = len;
	buf->quantised = true;
	buf->distortion = *distortion;
	blob->dirty = true;
	if (!blob->dirty_since_ns)
		blob->dirty_since_ns = clock_wall_ns();
	if (!hold)
		chunk_queue_locked(buf);
	return 0;
}

/* A chunk that the profile leaves as it is needs no second look either. */
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

/* A hole is zeros, which are on any grid. */
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

/* ---- a file of one tensor ----------------------------------------------------------------------- */

struct only {
	struct lossy_tensor tensor;
	struct quantise_shapes shapes;
	uint32_t first, last; /* chunks */
};

static bool same_shape(const struct lossy_shape *a, const struct lossy_shape *b)
{
	return a->dtype == b->dtype && a->n_components == b->n_components &&
		a->n_channels == b->n_channels && a->channel_len == b->channel_len &&
		a->fortran_order == b->fortran_order;
}

static const char *refusal(const struct alcm_blob *blob, const struct layout *layout,
	uint64_t size, struct quantise_shapes *shapes)
{
	const char *why;

	if (!quantise_shapes_of(blob, layout, shapes, &why))
		return why;
	if (size < layout->data_offset + layout->data_bytes)
		return "the file is shorter than its header says";
	return NULL;
}

const char *quantise_refusal(const struct alcm_blob *blob, const struct layout *layout,
	uint64_t size)
{
	struct quantise_shapes shapes;

	return refusal(blob, layout, size, &shapes);
}

bool quantise_is_rewritten_locked(const struct cbuf *buf)
{
	const struct layout *l = &buf->blob->layout;
	uint64_t start = chunk_start(buf->blob, buf->chunk_no);
	uint64_t first = max_u64(start, l->data_offset) - start;

	return buf->lo <= first && buf->hi >= buf->len;
}

/* Whether nothing is left in the chunk of values that were quantised. */
static bool is_rewritten_locked(const struct alcm_blob *blob, uint32_t chunk_no)
{
	const struct slot *s = table_find(&blob->table, chunk_no);

	return s && !quantise_is_done_locked(blob, chunk_no) &&
		(s->rewritten || (s->buf && quantise_is_rewritten_locked(s->buf)));
}

static void describe_locked(struct alcm_blob *blob, struct only *o)
{
	const struct layout *l = &blob->layout;

	o->tensor = (struct lossy_tensor){ .offset = l->data_offset,
		.bytes = l->data_bytes,
		.row_elems = format_row_len(l),
		.big_endian = l->big_endian };
	o->first = chunk_of(blob, l->data_offset);
	o->last = chunk_of(blob, l->data_offset + l->data_bytes - 1);
}

/* What there is to do, and whether on the grid that is there. */
static bool prepare_locked(struct pass *p, struct only *o)
{
	struct alcm_blob *blob = p->blob;
	bool todo = false, any_quantised = false, all_rewritten = true;

	layout_refresh_locked(blob);
	if (refusal(blob, &blob->layout, blob->size, &o->shapes))
		return false;
	describe_locked(blob, o);
	for (uint32_t k = o->first; table_next(&blob->table, &k) && k <= o->last; k++) {
		bool done = quantise_is_done_locked(blob, k);

		any_quantised |= done;
		all_rewritten &= is_rewritten_locked(blob, k);
		todo |= !done;
		if (k == UINT32_MAX)
			break;
	}
	/* Without the grid that some are on, the others stay as they were written. */
	if (any_quantised && !blob->lossy)
		return false;
	p->again = blob->lossy && !all_rewritten;
	return todo && (!p->again || same_shape(&blob->lossy->shape, &o->shapes.whole));
}

/* Make the tensor and its grid, a new one or the one that is there, what buffers are encoded by. */
static int set_only(struct pass *p, struct only *o)
{
	struct lossy_tensors list = { .n = 1, .borrowed = true };
	struct lossy *lossy = p->blob->lossy;
	int err = p->again ? 0 : quantise_fit(p, &o->tensor, &o->shapes, &lossy);

	list.items = err ? NULL : mem_alloc(sizeof(*list.items));
	if (!list.items) {
		if (!err && !p->again)
			lossy_free(lossy);
		return err ? err : -ENOMEM;
	}
	list.items[0] = o->tensor;
	list.items[0].about = lossy;
	quantise_set(p->blob, &list, lossy);
	return 0;
}

static int quantise_only(struct pass *p)
{
	struct only o;
	int err;

	{
		WITH_LOCK(&p->blob->lock);
		p->blob->lossy_totals = (struct lossy_totals){ 0 };
		if (!prepare_locked(p, &o))
			return 0;
	}
	err = set_only(p, &o);
	for (uint64_t k = o.first; !err && quantise_next_chunk(p->blob, &k) && k <= o.last; k++)
		err = quantise_chunk(p, (uint32_t)k, false);
	return err;
}

/* ---- the pass ----------------------------------------------------------------------------------- */

bool alcm_blob_lossy(const struct alcm_blob *blob)
{
	return blob->profile != 0;
}

int alcm_blob_quantise(struct alcm_blob *blob, double prune_share, bool *changed,
	struct alcm_diag *diag)
{
	struct pass p = { .blob = blob, .prune_share = prune_share, .diag = diag };
	uint64_t cpu = clock_thread_cpu_ns();
	int err;

	*changed = false;
	if (!blob->writable || !blob->profile)
		return 0;
	lock_take(&blob->lock);
	commit_enter_locked(blob);
	err = blob->failed ? -ENODATA : 0; /* the commit will say what it is */
	lock_drop(&blob->lock);
	if (!err)
		err = quantise_is_container(blob) ? quantise_container(&p) : quantise_only(&p);
	lock_take(&blob->lock);
	if (err == -ENODATA) /* nothing that could be quantised: it stays as it is */
		err = 0;
	*changed = p.changed;
	blob->totals.metrics.cpu_ns += clock_thread_cpu_ns() - cpu;
	commit_leave_locked(blob);
	lock_drop(&blob->lock);
	return err;
}
