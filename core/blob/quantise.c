/* SPDX-License-Identifier: MIT */
/*
 * Giving the tensors of a file the values of the blob's lossy profile:
 *
 *   what may change, and which checksums with it (quantise_plan.c)
 *      ──► a grid for each tensor (quantise_fit.c) ──► chunks replaced (quantise_chunk.c)
 *      ──► checksums updated (quantise_sums.c)
 *
 * The grid of a file of one tensor is kept with the blob, so values written later go on
 * it too. The grids of many tensors are not kept. Such a file is quantised once, and as a
 * whole or not at all, because a container with a wrong checksum is useless. For the way
 * back, all buffers are encoded first and a snapshot notes where each record is.
 */
#include "blob/quantise.h"
#include "blob/bases.h"
#include "blob/cache.h"
#include "blob/encode.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/clock.h"
#include "base/lock.h"

static void set_why(struct alcm_blob *blob, const char *why)
{
	WITH_LOCK(&blob->lock);
	blob->lossy.why = why;
}

/* ---- going back -------------------------------------------------------------------- */

/* Where the records of all chunks were before the pass. */
struct snapshot {
	struct table_record *items;
	size_t n;
};

static bool is_quantised(const struct slot *s)
{
	return s->quantised;
}

/* Encode everything and note where the records are. -ENODATA: some chunks are quantised
   already, and their grids are no longer known. */
static int take_snapshot(struct alcm_blob *blob, struct snapshot *out)
{
	AUTO_FREE struct table_record *done = NULL;
	size_t n_done;

	WITH_LOCK(&blob->lock);
	int err = encode_all_locked(blob)
		?: table_records(&blob->table, is_quantised, &done, &n_done);

	if (!err && n_done)
		err = -ENODATA;
	if (!err)
		err = table_records(&blob->table, NULL, &out->items, &out->n);
	if (err)
		return err;
	blob->lossy.totals = (struct lossy_totals){ 0 };
	blob->lossy.why = NULL;
	return 0;
}

/* The old record was only replaced in the table; its bytes are still in the log. */
static void restore_locked(struct alcm_blob *blob, struct slot *s,
	const struct table_record *saved)
{
	if (s->buf)
		cache_free_locked(blob, s);
	blob->log.live += round_up(saved->frame_len, DISK_ALIGN);
	blob->log.live -= round_up(s->frame_len, DISK_ALIGN);
	table_set_record(&blob->table, s, saved->off, saved->frame_len);
	s->quantised = false;
}

/* Undo the pass. `exclusive` kept writers out, so a chunk that isn't in the snapshot was
   a hole. */
static void go_back(struct alcm_blob *blob, const struct snapshot *to)
{
	size_t i = 0;
	struct slot *s;

	WITH_LOCK(&blob->lock);
	for (uint32_t k = 0; (s = table_next(&blob->table, &k)); k++) {
		while (blob->cache.n_busy || (s->buf && s->buf->state == CBUF_LOADING))
			lock_wait(&blob->lock, &blob->changed);
		if (i < to->n && to->items[i].chunk_no == k)
			restore_locked(blob, s, &to->items[i++]);
		else
			cache_drop_locked(blob, s);
		if (k == UINT32_MAX)
			break;
	}
	bases_mark(&blob->table);
	blob->totals.stale = true;
}

/* ---- a grid that is kept ----------------------------------------------------------- */

static bool same_shape(const struct lossy_shape *a, const struct lossy_shape *b)
{
	return a->dtype == b->dtype && a->n_components == b->n_components &&
		a->n_channels == b->n_channels && a->channel_len == b->channel_len &&
		a->fortran_order == b->fortran_order;
}

/* Whether every value of the chunk was written since it was quantised. The tensor begins
   at `data`. */
static bool is_rewritten_locked(const struct alcm_blob *blob, uint32_t chunk_no,
	uint64_t data)
{
	const struct slot *s = table_find(&blob->table, chunk_no);
	uint64_t start = chunk_start(blob, chunk_no);

	return s && !quantise_is_done_locked(blob, chunk_no) &&
		(s->rewritten ||
			(s->buf &&
				cbuf_is_rewritten(s->buf, (uint32_t)(max_u64(start, data) - start))));
}

/* Decide whether the only tensor needs a pass, and whether on the grid that is kept
   (p->again). -ENODATA: nothing to do. */
static int look_at_only(struct pass *p, const struct quantise_plan *plan)
{
	const struct lossy_tensor *t = &plan->tensors.items[0];
	struct alcm_blob *blob = p->blob;
	bool todo = false, any_quantised = false, all_rewritten = true;
	uint32_t last = chunk_of(blob, t->offset + t->bytes - 1);

	WITH_LOCK(&blob->lock);
	blob->lossy.totals = (struct lossy_totals){ 0 };
	for (uint32_t k = chunk_of(blob, t->offset);
		 table_next(&blob->table, &k) && k <= last; k++) {
		bool done = quantise_is_done_locked(blob, k);

		any_quantised |= done;
		all_rewritten &= is_rewritten_locked(blob, k, t->offset);
		todo |= !done;
		if (k == UINT32_MAX)
			break;
	}
	p->again = blob->lossy.grid && !all_rewritten;
	/* Some values are on a grid that is lost: the others stay as they were written. */
	if (!todo || (any_quantised && !blob->lossy.grid))
		return -ENODATA;
	return !p->again || same_shape(&blob->lossy.grid->shape, &plan->shapes[0].whole)
		? 0
		: -ENODATA;
}

/* ---- the pass ---------------------------------------------------------------------- */

/*
 * Fit a grid to each tensor. One that gains nothing has none; without any the file stays.
 */
static int fit_all(const struct pass *p, struct quantise_plan *plan,
	struct lossy_totals *totals)
{
	*totals = (struct lossy_totals){ .prune_share = p->prune_share };
	for (size_t i = 0; i < plan->tensors.n; i++) {
		struct lossy_tensor *t = &plan->tensors.items[i];
		int err = 0;

		if (p->again)
			t->about = p->blob->lossy.grid;
		else
			err = quantise_fit(p, t, &plan->shapes[i], &t->about);

		if (err && err != -ENODATA)
			return err;
		if (t->about) {
			totals->n_tensors++;
			totals->n_scales += t->about->params.n_scales;
		}
	}
	return totals->n_tensors ? 0 : -ENODATA;
}

/* The chunks that hold a checksum's place, one bit each; the caller frees it. */
static uint8_t *chunks_of_places(const struct alcm_blob *blob, uint64_t size,
	const struct quantise_plan *plan)
{
	uint8_t *bits = mem_zalloc((size >> blob->chunk_log2) / 8 + 1, 1);

	for (size_t i = 0; bits && i < plan->sums.n; i++) {
		const struct checksum *sum = &plan->sums.items[i];

		for (unsigned k = 0; plan->used[i] && k < sum->n_places; k++) {
			uint32_t chunk = chunk_of(blob, sum->places[k]);

			bits[chunk / 8] |= (uint8_t)(1 << chunk % 8);
		}
	}
	return bits;
}

/*
 * Each chunk once, however many tensors are in it. Chunks with checksums are kept dirty.
 */
static int replace_all(struct pass *p, const struct quantise_plan *plan)
{
	struct alcm_blob *blob = p->blob;
	const struct lossy_tensors *l = &blob->lossy.tensors;
	AUTO_FREE uint8_t *held = chunks_of_places(blob, alcm_blob_size(blob), plan);
	uint64_t next = 0;
	int err = held ? 0 : -ENOMEM;

	for (size_t i = 0; i < l->n && !err; i++) {
		uint64_t first = chunk_of(blob, l->items[i].offset);
		uint64_t last = chunk_of(blob, l->items[i].offset + l->items[i].bytes - 1);

		for (uint64_t k = max_u64(first, next);
			 !err && quantise_next_chunk(blob, &k) && k <= last; k++)
			err = quantise_chunk(p, (uint32_t)k, held[k / 8] & 1 << k % 8);
		next = max_u64(next, last + 1);
	}
	return err;
}

/* The part of the pass that go_back() can undo. */
static int replace_and_update(struct pass *p, struct quantise_plan *plan)
{
	int err = replace_all(p, plan) ?: quantise_update_sums(p, plan);

	if (err)
		return err;
	WITH_LOCK(&p->blob->lock);
	return encode_all_locked(p->blob);
}

/* With a kept grid there is no need for a way back: each replaced chunk is right by
   itself. */
static int prepare(struct pass *p, struct quantise_plan *plan, struct snapshot *before)
{
	int err;

	if (plan->keeps_grid)
		return look_at_only(p, plan);
	err = take_snapshot(p->blob, before);
	if (err)
		return err;
	err = quantise_verify_sums(p, plan);
	if (err == -ENODATA)
		set_why(p->blob, "one of its checksums is wrong already");
	return err;
}

/* Give the tensors and their grids to the blob, where encoders find them. */
static void hand_over(struct pass *p, struct quantise_plan *plan)
{
	plan->tensors.borrowed = plan->keeps_grid;
	quantise_set(p->blob, &plan->tensors,
		plan->keeps_grid ? plan->tensors.items[0].about : NULL);
	plan->tensors = (struct lossy_tensors){ 0 };
}

static int quantise(struct pass *p, struct quantise_plan *plan, struct snapshot *before)
{
	const struct lossy_tensors none = { 0 };
	struct alcm_blob *blob = p->blob;
	struct lossy_totals totals;
	int err = prepare(p, plan, before) ?: fit_all(p, plan, &totals);

	if (err)
		return err;
	hand_over(p, plan);
	if (plan->keeps_grid)
		return replace_all(p, plan);
	err = replace_and_update(p, plan);
	if (err)
		go_back(blob, before);
	else
		blob->lossy.totals = totals;
	quantise_set(blob, &none, NULL);
	return err;
}

/* A reason not to quantise is no error: the file stays as it is. */
static int run(struct pass *p)
{
	struct snapshot before = { 0 };
	struct quantise_plan plan;
	int err = (quantise_plan_make(p->blob, &plan) ? -ENODATA : 0)
		?: quantise(p, &plan, &before);

	mem_free(before.items);
	quantise_plan_release(&plan);
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
	int err;

	*changed = false;
	if (!blob->writable || !blob->profile)
		return 0;
	lock_take(&blob->lock);
	blob_enter_locked(blob);
	err = blob->changes.failed ? -ENODATA : 0; /* the commit will report it */
	lock_drop(&blob->lock);
	if (!err)
		err = run(&p);
	lock_take(&blob->lock);
	if (err == -ENODATA) /* nothing could be quantised: the file stays as it is */
		err = 0;
	*changed = p.changed;
	blob->totals.metrics.cpu_ns += clock_thread_cpu_ns() - cpu;
	blob_leave_locked(blob);
	lock_drop(&blob->lock);
	return err;
}
