/* SPDX-License-Identifier: MIT */
/*
 * Giving tensors of a container the values of the blob's lossy profile:
 *
 *   what may change, and which checksums with it ──► every buffer encoded ──► where each record is, noted
 *      ──► a grid for each tensor ──► chunks replaced ──► checksums ──► encoded
 *                                                           any error: back to the records that were noted
 *
 * A container whose checksums are wrong is worth nothing, so all of it is done or nothing.
 */
#include <errno.h>
#include <string.h>
#include <zlib.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/le.h"
#include "base/lock.h"
#include "blob/commit.h"
#include "blob/quantise.h"
#include "lossy/optimizer.h"

struct plan {
	struct lossy_tensors tensors;
	struct quantise_shapes *shapes; /* of each */
	struct checksums sums;
	bool *used; /* by checksum: tensors lie in what it is of */
};

static void plan_release(struct plan *plan)
{
	lossy_tensors_release(&plan->tensors);
	mem_free(plan->shapes);
	mem_free(plan->sums.items);
	mem_free(plan->used);
	*plan = (struct plan){ 0 };
}

bool quantise_is_container(struct alcm_blob *blob)
{
	{
		WITH_LOCK(&blob->lock);
		layout_refresh_locked(blob);
		if (blob->layout.dtype_text[0])
			return false;
	}
	WITH_LOCK(&blob->container_lock);
	layout_update_container(blob);
	return blob->container.format;
}

/* ---- what may change ----------------------------------------------------------------------------- */

/* As a file of its own would be laid out, but for where it begins. */
static void set_layout(const struct segments *l, const struct segment *s, struct layout *out)
{
	*out = (struct layout){ .dtype = (enum dtype_id)s->dtype,
		.elem_bytes = s->elem_bytes,
		.big_endian = s->big_endian,
		.opaque = s->opaque,
		.fortran_order = s->order == ORDER_FORTRAN,
		/* Nobody knows where channels lie. */
		.n_dims = s->order == ORDER_OTHER ? 0 : s->n_dims,
		.data_bytes = s->bytes };
	memcpy(out->shape, l->dims + s->shape, out->n_dims * sizeof(*out->shape));
}

static bool lies_in(const struct segment *s, const struct checksum *sum)
{
	return s->offset >= sum->offset && s->bytes <= sum->offset + sum->bytes - s->offset;
}

static const char *add_tensors(const struct alcm_blob *blob, const struct segments *l,
	bool has_sums, uint64_t size, struct plan *plan)
{
	const char *why = "it has no tensors of floats", *why_not_this;
	const struct checksums *sums = &plan->sums;
	size_t at = 0; /* both lists are in order */

	for (size_t i = 0; i < l->n; i++) {
		const struct segment *s = &l->items[i];
		struct layout layout;

		if (segment_end(s) > size)
			return "the file is shorter than its header says";
		while (at < sums->n && sums->items[at].offset + sums->items[at].bytes <= s->offset)
			at++;
		set_layout(l, s, &layout);
		if (!quantise_shapes_of(blob, &layout, &plan->shapes[plan->tensors.n],
			    &why_not_this))
			continue;
		if (lossy_is_optimizer(l->texts + s->name)) {
			why = "it has no floats but an optimizer's state";
			continue;
		}
		if (has_sums) {
			if (at == sums->n || !lies_in(s, &sums->items[at]))
				continue;
			plan->used[at] = true;
		}
		plan->tensors.items[plan->tensors.n++] = (struct lossy_tensor){
			.offset = s->offset,
			.bytes = s->bytes,
			.row_elems = format_row_len(&layout),
			.big_endian = s->big_endian,
		};
	}
	return plan->tensors.n ? NULL : why;
}

/* NULL, and a plan; or why the container stays as it is. container_lock is held. */
static const char *make_plan(struct alcm_blob *blob, struct plan *plan)
{
	const struct container *c = &blob->container;
	struct format_reader file = layout_reader(blob);
	const char *why = NULL;

	if (c->format->checksums && !c->format->checksums(&file, &plan->sums, &why))
		return why;
	if (!c->format->checksums && c->wants != CONTAINER_DONE)
		return "its header is not complete";
	plan->used = mem_zalloc(plan->sums.n + 1, sizeof(*plan->used));
	plan->shapes = mem_alloc((c->segments.n + 1) * sizeof(*plan->shapes));
	plan->tensors.items = mem_alloc((c->segments.n + 1) * sizeof(*plan->tensors.items));
	if (!plan->used || !plan->shapes || !plan->tensors.items)
		return "there was no memory to look into it";
	return add_tensors(blob, &c->segments, c->format->checksums, file.size, plan);
}

const char *quantise_container_refusal(struct alcm_blob *blob)
{
	struct plan plan = { 0 };
	const char *why;

	{
		WITH_LOCK(&blob->container_lock);
		why = make_plan(blob, &plan);
	}
	plan_release(&plan);
	if (why)
		return why;
	WITH_LOCK(&blob->lock);
	return blob->lossy_why;
}

static void set_why(struct alcm_blob *blob, const char *why)
{
	WITH_LOCK(&blob->lock);
	blob->lossy_why = why;
}

/* ---- going back ---------------------------------------------------------------------------------- */

/* Where the records of chunks were. */
struct snapshot {
	struct table_record *items;
	size_t n;
};

static bool is_quantised(const struct slot *s)
{
	return s->quantised;
}

/* -ENODATA: some of it was quantised before, and the grids are not known any more. */
static int take_snapshot(struct alcm_blob *blob, struct snapshot *out)
{
	AUTO_FREE struct table_record *done = NULL;
	size_t n_done;

	WITH_LOCK(&blob->lock);
	int err = commit_encode_all_locked(blob);

	if (!err)
		err = table_records(&blob->table, is_quantised, &done, &n_done);
	if (!err && n_done)
		err = -ENODATA;
	if (!err)
		err = table_records(&blob->table, NULL, &out->items, &out->n);
	if (err)
		return err;
	blob->lossy_totals = (struct lossy_totals){ 0 };
	blob->lossy_why = NULL;
	return 0;
}

static void restore_locked(struct alcm_blob *blob, struct slot *s,
	const struct table_record *saved)
{
	if (s->buf)
		chunk_free_locked(blob, s);
	blob->log.live += round_up(saved->frame_len, DISK_ALIGN);
	blob->log.live -= round_up(s->frame_len, DISK_ALIGN);
	table_set_record(&blob->table, s, saved->off, saved->frame_len);
	s->quantised = false;
}

/* Nobody has written meanwhile, so what the snapshot doesn't have was a hole. */
static void go_back(struct alcm_blob *blob, const struct snapshot *to)
{
	size_t i = 0;
	struct slot *s;

	WITH_LOCK(&blob->lock);
	for (uint32_t k = 0; (s = table_next(&blob->table, &k)); k++) {
		while (blob->n_busy || (s->buf && s->buf->state == CBUF_LOADING))
			lock_wait(&blob->lock, &blob->changed);
		if (i < to->n && to->items[i].chunk_no == k)
			restore_locked(blob, s, &to->items[i++]);
		else
			chunk_drop_locked(blob, s);
		if (k == UINT32_MAX)
			break;
	}
	blob->totals.stale = true;
}

/* ---- checksums ----------------------------------------------------------------------------------- */

static int crc_of(const struct pass *p, const struct checksum *sum, uint32_t *out)
{
	uint32_t room = p->blob->chunk_bytes;
	AUTO_FREE uint8_t *buf = mem_alloc(room);
	uLong crc = crc32(0, NULL, 0);

	if (!buf)
		return -ENOMEM;
	for (uint64_t at = 0; at < sum->bytes;) {
		uint32_t n = (uint32_t)min_u64(room - (sum->offset + at) % room, sum->bytes - at);
		int err = quantise_read(p, sum->offset + at, n, buf);

		if (err)
			return err;
		crc = crc32(crc, buf, n);
		at += n;
	}
	*out = (uint32_t)crc;
	return 0;
}

/* -ENODATA: one was wrong before. A wrong one is not to become a right one of wrong bytes. */
static int verify_sums(const struct pass *p, const struct plan *plan)
{
	for (size_t i = 0; i < plan->sums.n; i++) {
		uint32_t crc = 0;
		int err = plan->used[i] ? crc_of(p, &plan->sums.items[i], &crc) : 0;

		if (err)
			return err;
		if (plan->used[i] && crc != plan->sums.items[i].crc)
			return -ENODATA;
	}
	return 0;
}

/* A chunk's buffer, dirty, with what is known of its values still known. */
static int hold_chunk(const struct pass *p, uint32_t chunk_no, uint8_t **spare, struct cbuf **out)
{
	struct alcm_blob *blob = p->blob;
	struct slot *s = table_find(&blob->table, chunk_no);
	struct codec_result planes;
	struct metrics m = { 0 };
	bool quantised;
	int err = 0;

	while (blob->n_busy && s && s->buf && s->buf->state != CBUF_DIRTY)
		lock_wait(&blob->lock, &blob->changed);
	quantised = quantise_is_done_locked(blob, chunk_no);
	if (s && s->buf && s->buf->state == CBUF_DIRTY)
		m.distortion = s->buf->distortion;
	else if (quantised && s)
		err = record_read_metrics(blob, s->off, s->frame_len, chunk_no, &m, &planes,
			p->diag);
	if (!err)
		err = chunk_dirty_locked(blob, chunk_no, false, spare, out, p->diag);
	if (err)
		return err;
	(*out)->quantised = quantised;
	(*out)->distortion = m.distortion;
	return 0;
}

static int patch(const struct pass *p, uint64_t off, const uint8_t *bytes, uint32_t n)
{
	struct alcm_blob *blob = p->blob;
	uint32_t at = (uint32_t)(off & (blob->chunk_bytes - 1));
	uint32_t here = (uint32_t)min_u64(n, blob->chunk_bytes - at);
	uint8_t *spare = budget_get(blob->alcm->budget, blob->chunk_bytes);
	struct cbuf *buf;
	int err = -ENOMEM;

	if (spare) {
		WITH_LOCK(&blob->lock);
		err = hold_chunk(p, chunk_of(blob, off), &spare, &buf);
		if (!err)
			memcpy(buf->data + at, bytes, here);
	}
	if (spare)
		budget_put(blob->alcm->budget, spare, blob->chunk_bytes);
	return err || here == n ? err : patch(p, off + here, bytes + here, n - here);
}

static int update_sum(const struct pass *p, struct checksum *sum)
{
	uint8_t bytes[CHECKSUM_BYTES];
	uint32_t crc = 0;
	int err = crc_of(p, sum, &crc);

	if (err || crc == sum->crc)
		return err;
	sum->crc = crc;
	le_put32(bytes, crc);
	for (unsigned k = 0; k < sum->n_places && !err; k++)
		err = patch(p, sum->places[k], bytes, sizeof(bytes));
	return err;
}

static int update_digest(const struct pass *p, struct checksums *sums)
{
	char digits[DIGEST_CHARS];
	int err;

	checksums_digest(sums, digits);
	err = patch(p, sums->digest_at, (const uint8_t *)digits, sizeof(digits));
	/* It lies in one of them. */
	for (size_t i = 0; i < sums->n && !err; i++) {
		struct checksum *sum = &sums->items[i];

		if (sums->digest_at >= sum->offset && sums->digest_at < sum->offset + sum->bytes)
			err = update_sum(p, sum);
	}
	return err;
}

static int update_sums(const struct pass *p, struct plan *plan)
{
	int err = 0;

	for (size_t i = 0; i < plan->sums.n && !err; i++)
		err = plan->used[i] ? update_sum(p, &plan->sums.items[i]) : 0;
	return err || !plan->sums.digest_at ? err : update_digest(p, &plan->sums);
}

/* ---- the pass ------------------------------------------------------------------------------------ */

static int fit_all(const struct pass *p, struct plan *plan, struct lossy_totals *totals)
{
	*totals = (struct lossy_totals){ .prune_share = p->prune_share };
	for (size_t i = 0; i < plan->tensors.n; i++) {
		struct lossy_tensor *t = &plan->tensors.items[i];
		int err = quantise_fit(p, t, &plan->shapes[i], &t->about);

		if (err && err != -ENODATA)
			return err;
		if (t->about) {
			totals->n_tensors++;
			totals->n_scales += t->about->params.n_scales;
		}
	}
	return totals->n_tensors ? 0 : -ENODATA;
}

/* Which chunks hold a place of a checksum, as one bit each; the caller's. */
static uint8_t *chunks_of_places(const struct alcm_blob *blob, uint64_t size,
	const struct plan *plan)
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

/* Chunk by chunk, each once, whatever many tensors are in it. */
static int replace_all(struct pass *p, const struct plan *plan)
{
	struct alcm_blob *blob = p->blob;
	const struct lossy_tensors *l = &blob->lossy_tensors;
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

/* The part that can be undone. */
static int replace_and_update(struct pass *p, struct plan *plan)
{
	int err = replace_all(p, plan);

	if (!err)
		err = update_sums(p, plan);
	if (err)
		return err;
	WITH_LOCK(&p->blob->lock);
	return commit_encode_all_locked(p->blob);
}

int quantise_container(struct pass *p)
{
	const struct lossy_tensors none = { 0 };
	struct alcm_blob *blob = p->blob;
	struct lossy_totals totals;
	struct snapshot before = { 0 };
	struct plan plan = { 0 };
	int err;

	{
		WITH_LOCK(&blob->container_lock);
		err = make_plan(blob, &plan) ? -ENODATA : 0;
	}
	if (!err)
		err = take_snapshot(blob, &before);
	if (!err) {
		err = verify_sums(p, &plan);
		if (err == -ENODATA)
			set_why(blob, "a checksum in it is wrong as it is");
	}
	if (!err)
		err = fit_all(p, &plan, &totals);
	if (!err) {
		quantise_set(blob, &plan.tensors, NULL);
		plan.tensors = none; /* they are the blob's */
		err = replace_and_update(p, &plan);
		if (err)
			go_back(blob, &before);
		else
			blob->lossy_totals = totals;
		quantise_set(blob, &none, NULL);
	}
	mem_free(before.items);
	plan_release(&plan);
	return err;
}
