/* SPDX-License-Identifier: MIT */
/* Giving a whole tensor the values of the blob's lossy profile. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/clock.h"
#include "base/diag.h"
#include "base/lock.h"
#include "blob/blob_state.h"
#include "blob/commit.h"
#include "lossy/bounded.h"
#include "lossy/uniform.h"
#include "tensor/values.h"

enum { PIECE = 4096 }; /* values converted at a time */

/* One pass over a blob, whose lock is not held but `exclusive` is. */
struct pass {
	struct alcm_blob *blob;
	struct layout layout;
	struct lossy_shape shape;
	unsigned width;
	double prune_share;
	bool again; /* some values are on the grid already */
	struct alcm_diag *diag;
};

/* ---- reading ---------------------------------------------------------------------------------- */

static int read_bytes(const struct pass *p, uint64_t off, uint32_t n, uint8_t *out)
{
	ssize_t got = alcm_blob_pread(p->blob, out, n, off, p->diag);

	if (got < 0)
		return (int)got;
	return (uint32_t)got == n ? 0 : -EIO;
}

static int read_values(void *ctx, uint64_t first, uint32_t n, double *out)
{
	const struct pass *p = ctx;
	uint8_t bytes[PIECE * 8];

	while (n) {
		uint32_t some = n < PIECE ? n : PIECE;
		int err = read_bytes(p, p->layout.data_offset + first * p->width, some * p->width,
			bytes);

		if (err)
			return err;
		(void)values_get(out, bytes, some, p->shape.dtype, p->layout.big_endian);
		first += some;
		out += some;
		n -= some;
	}
	return 0;
}

/* ---- fitting ---------------------------------------------------------------------------------- */

/* E: what the predictor says of the tensor's statistics. */
static int predict(const struct pass *p, double *entropy)
{
	struct moments m = { 0 };
	struct alcm_stats stats;
	uint8_t bytes[PIECE * 8];

	for (uint64_t at = 0; at < p->layout.data_bytes; at += sizeof(bytes)) {
		uint32_t n = (uint32_t)min_u64(sizeof(bytes), p->layout.data_bytes - at);
		struct span span = { .len_bytes = n,
			.elem_bytes = p->width,
			.dtype = p->shape.dtype,
			.big_endian = p->layout.big_endian };
		int err = read_bytes(p, p->layout.data_offset + at, n, bytes);

		if (err)
			return err;
		moments_add(&m, bytes, &span);
	}
	moments_stats(&m, &stats);
	*entropy = engine_entropy(p->blob->alcm, &stats);
	return m.n ? 0 : -ENODATA;
}

static int fit_paper(struct pass *p, const struct value_source *source, struct paper_params *out)
{
	double entropy = 0;
	int err = predict(p, &entropy);

	return err ? err : paper_fit(source, &p->shape, entropy, p->prune_share, out);
}

static int fit_bounded(struct pass *p, const struct value_source *source, struct paper_params *out)
{
	return bounded_fit(source, &p->shape, p->blob->bound, true, out);
}

static int fit_bounded_abs(struct pass *p, const struct value_source *source,
	struct paper_params *out)
{
	return bounded_fit(source, &p->shape, p->blob->bound, false, out);
}

/* The error of the paper's quantisation, if there are channels to quantise apart, in fewer bits. */
static int fit_alcm(struct pass *p, const struct value_source *source, struct paper_params *out)
{
	struct lossy_shape channels;
	struct paper_params paper;
	double entropy = 0;
	const char *why;
	int err;

	if (!lossy_shape_of(&p->layout, true, &channels, &why))
		channels = p->shape;
	err = predict(p, &entropy);
	if (!err)
		err = paper_fit(source, &channels, entropy, p->prune_share, &paper);
	if (err)
		return err;
	err = uniform_fit(source, &channels, &paper, out);
	paper_release(&paper);
	return err;
}

/* By the profile's id. */
static const struct {
	bool per_channel; /* otherwise the whole tensor has one scale */
	int (*fit)(struct pass *p, const struct value_source *source, struct paper_params *out);
} methods[] = { { 0 }, { true, fit_paper }, { false, fit_bounded }, { false, fit_bounded_abs },
	{ false, fit_alcm } };

_Static_assert(sizeof(methods) / sizeof(methods[0]) == DISK_PROFILE_MAX + 1, "one per profile");

static int fit(struct pass *p)
{
	struct value_source source = { p, lossy_n_values(&p->shape), read_values };
	struct lossy *lossy = mem_zalloc(1, sizeof(*lossy)), *old;
	int err = lossy ? methods[p->blob->profile].fit(p, &source, &lossy->params) : -ENOMEM;

	if (err) {
		mem_free(lossy);
		return err;
	}
	lossy->shape = p->shape;

	WITH_LOCK(&p->blob->lock);
	while (p->blob->n_busy)
		pthread_cond_wait(&p->blob->changed, &p->blob->lock);
	old = p->blob->lossy;
	p->blob->lossy = lossy;
	lossy_free(old);
	return 0;
}

/* ---- replacing -------------------------------------------------------------------------------- */

/*
 * Quantise the tensor's values among the `len` bytes at `data`, which lie at `off` in the file.
 * False: there is NaN or Inf among them, or the formula overflows; they are as they were.
 */
static bool apply(const struct pass *p, uint8_t *data, uint64_t off, uint32_t len,
	struct distortion *distortion)
{
	uint64_t lo = max_u64(off, p->layout.data_offset);
	uint64_t hi = min_u64(off + len, p->layout.data_offset + p->layout.data_bytes);
	double x[PIECE], y[PIECE];

	*distortion = (struct distortion){ 0 };
	for (int write = 0; write < 2; write++) {
		for (uint64_t at = lo, n; at < hi; at += n * p->width) {
			uint8_t *bytes = data + (at - off);
			uint64_t first = (at - p->layout.data_offset) / p->width;

			n = min_u64(PIECE, (hi - at) / p->width);
			(void)values_get(x, bytes, (unsigned)n, p->shape.dtype,
				p->layout.big_endian);
			if (!paper_apply(&p->blob->lossy->params, &p->shape, first, (uint32_t)n,
				    x, y, p->again))
				return false;
			if (!write)
				continue;
			distortion_add(distortion, x, y, (uint32_t)n);
			values_put(bytes, y, (unsigned)n, p->shape.dtype, p->layout.big_endian);
		}
	}
	return true;
}

/* Make `data` (of the budget, used up or given back) the chunk's content. */
static int replace(struct pass *p, uint32_t chunk_no, uint8_t **data, uint32_t len,
	const struct distortion *distortion)
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

static int quantise_chunk(struct pass *p, uint32_t chunk_no, bool *changed)
{
	struct alcm_blob *blob = p->blob;
	uint64_t off = (uint64_t)chunk_no << blob->chunk_log2;
	uint32_t len = (uint32_t)min_u64(blob->chunk_bytes, alcm_blob_size(blob) - off);
	uint8_t *data = budget_get(blob->alcm->budget, blob->chunk_bytes);
	struct distortion distortion;
	int err = data ? read_bytes(p, off, len, data) : -ENOMEM;

	if (!err && apply(p, data, off, len, &distortion)) {
		*changed |= distortion.max_error > 0;
		err = replace(p, chunk_no, &data, len, &distortion);
	} else if (!err) {
		mark_done(blob, chunk_no);
	}
	if (data)
		budget_put(blob->alcm->budget, data, blob->chunk_bytes);
	return err;
}

/* ---- the pass ----------------------------------------------------------------------------------- */

static uint32_t first_chunk(const struct pass *p)
{
	return (uint32_t)(p->layout.data_offset >> p->blob->chunk_log2);
}

static uint32_t last_chunk(const struct pass *p)
{
	return (uint32_t)((p->layout.data_offset + p->layout.data_bytes - 1) >>
		p->blob->chunk_log2);
}

/* A hole is zeros, which are on any grid. */
static bool is_hole_locked(const struct alcm_blob *blob, uint32_t chunk_no)
{
	const struct slot *s = table_find(&blob->table, chunk_no);

	return !s || (!s->buf && !s->off);
}

static bool is_quantised_locked(const struct alcm_blob *blob, uint32_t chunk_no)
{
	const struct slot *s = table_find(&blob->table, chunk_no);

	if (!s)
		return false;
	/* A buffer that isn't clean is newer than the record. */
	return s->buf && s->buf->state != CBUF_CLEAN && s->buf->state != CBUF_LOADING
		? s->buf->quantised
		: s->quantised;
}

static bool same_shape(const struct lossy_shape *a, const struct lossy_shape *b)
{
	return a->dtype == b->dtype && a->n_components == b->n_components &&
		a->n_channels == b->n_channels && a->channel_len == b->channel_len &&
		a->fortran_order == b->fortran_order;
}

const char *quantise_refusal(const struct alcm_blob *blob, const struct layout *layout,
	uint64_t size, struct lossy_shape *shape)
{
	const char *why;

	if (!lossy_shape_of(layout, methods[blob->profile].per_channel, shape, &why))
		return why;
	if (size < layout->data_offset + layout->data_bytes)
		return "the file is shorter than its header says";
	return NULL;
}

bool quantise_is_rewritten_locked(const struct cbuf *buf)
{
	const struct layout *l = &buf->blob->layout;
	uint64_t start = (uint64_t)buf->chunk_no << buf->blob->chunk_log2;
	uint64_t first = max_u64(start, l->data_offset) - start;

	return buf->lo <= first && buf->hi >= buf->len;
}

/* Whether nothing is left in the chunk of values that were quantised. */
static bool is_rewritten_locked(const struct alcm_blob *blob, uint32_t chunk_no)
{
	const struct slot *s = table_find(&blob->table, chunk_no);

	return s && !is_quantised_locked(blob, chunk_no) &&
		(s->rewritten || (s->buf && quantise_is_rewritten_locked(s->buf)));
}

/* What there is to do, and whether on the grid that is there. */
static bool prepare_locked(struct pass *p)
{
	struct alcm_blob *blob = p->blob;
	bool todo = false, any_quantised = false, all_rewritten = true;

	layout_refresh_locked(blob);
	p->layout = blob->layout;
	if (quantise_refusal(blob, &p->layout, blob->size, &p->shape))
		return false;
	p->width = lossy_width(&p->shape);
	for (uint64_t k = first_chunk(p); k <= last_chunk(p); k++) {
		bool done = is_quantised_locked(blob, (uint32_t)k);
		bool hole = is_hole_locked(blob, (uint32_t)k);

		any_quantised |= done;
		all_rewritten &= hole || is_rewritten_locked(blob, (uint32_t)k);
		todo |= !done && !hole;
	}
	/* Without the grid that some are on, the others stay as they were written. */
	if (any_quantised && !blob->lossy)
		return false;
	p->again = blob->lossy && !all_rewritten;
	return todo && (!p->again || same_shape(&blob->lossy->shape, &p->shape));
}

static int quantise_all(struct pass *p, bool *changed)
{
	int err = p->again ? 0 : fit(p);

	for (uint64_t k = first_chunk(p); k <= last_chunk(p) && !err; k++) {
		bool todo;

		{
			WITH_LOCK(&p->blob->lock);
			todo = !is_quantised_locked(p->blob, (uint32_t)k) &&
				!is_hole_locked(p->blob, (uint32_t)k);
		}
		if (todo)
			err = quantise_chunk(p, (uint32_t)k, changed);
	}
	return err;
}

bool alcm_blob_lossy(const struct alcm_blob *blob)
{
	return blob->profile != 0;
}

int alcm_blob_quantise(struct alcm_blob *blob, double prune_share, bool *changed,
	struct alcm_diag *diag)
{
	struct pass p = { .blob = blob, .prune_share = prune_share, .diag = diag };
	uint64_t cpu = clock_thread_cpu_ns();
	bool todo = false;
	int err = 0;

	*changed = false;
	if (!blob->writable || !blob->profile)
		return 0;
	pthread_mutex_lock(&blob->lock);
	commit_enter_locked(blob);
	todo = !blob->failed && prepare_locked(&p);
	pthread_mutex_unlock(&blob->lock);
	if (todo)
		err = quantise_all(&p, changed);
	pthread_mutex_lock(&blob->lock);
	if (err == -ENODATA) /* nothing that could be quantised: it stays as it is */
		err = 0;
	blob->totals.metrics.cpu_ns += clock_thread_cpu_ns() - cpu;
	commit_leave_locked(blob);
	pthread_mutex_unlock(&blob->lock);
	return err;
}
