/* SPDX-License-Identifier: MIT */
#include "blob/duplicates.h"

#include <string.h>

#include "base/checked.h"
#include "base/le.h"
#include "base/lock.h"
#include "blob/bases.h"

enum { MAX_LOOKS = 4 }; /* at other records, per chunk */

/* What anchors call the file, as long as it exists: a part of its uuid. */
static uint32_t file_of(const struct alcm_blob *blob)
{
	return le_get32(blob->uuid);
}

/* ---- finding ----------------------------------------------------------------------- */

/* The record of a chunk, if it may be referred to and no buffer is about to replace
   it. */
static bool find_base(struct alcm_blob *blob, uint32_t chunk_no, struct table_record *out)
{
	WITH_LOCK(&blob->lock);

	const struct slot *s = table_find(&blob->table, chunk_no);

	if (!s || !s->off || (s->buf && s->buf->state != CBUF_CLEAN))
		return false;
	*out = (struct table_record){ s->off, s->frame_len, chunk_no };
	return bases_may_be(&blob->table, out);
}

/* A look for what one chunk has in common with others. */
struct search {
	const struct record_context *with;
	const struct cbuf *buf;
	struct duplicates *out;
	struct anchor_place places[ANCHORS_MAX]; /* where its anchors were met */
	unsigned n_looks;
};

static bool may_look(const struct search *f)
{
	return f->n_looks < MAX_LOOKS && f->out->copies.n < COPIES_MAX;
}

static bool is_met(const struct anchor_place *place)
{
	return place->chunk_no != UINT32_MAX;
}

static uint32_t own_pos(const struct anchor *a)
{
	return a->pos == ANCHOR_WHOLE ? 0 : a->pos;
}

/* How far from anchor i the place lies where it was met: the same for all anchors of
   bytes that lie there as a whole. */
static int64_t distance(const struct search *f, unsigned i)
{
	const struct anchor_place *p = &f->places[i];
	const struct alcm_blob *blob = f->with->blob;

	return (int64_t)(chunk_start(blob, p->chunk_no) +
			   (p->pos == ANCHOR_WHOLE ? 0 : p->pos)) -
		(int64_t)(chunk_start(blob, f->buf->chunk_no) + own_pos(&f->out->anchors[i]));
}

/* One anchor alone says too little: short pieces repeat in many kinds of data. */
static bool is_backed(const struct search *f, unsigned i)
{
	if (f->out->anchors[i].pos == ANCHOR_WHOLE)
		return true;
	for (unsigned k = 0; k < f->out->n_anchors; k++) {
		if (k != i && is_met(&f->places[k]) && distance(f, k) == distance(f, i))
			return true;
	}
	return false;
}

static uint32_t equal_forwards(const uint8_t *a, const uint8_t *b, uint32_t n)
{
	uint32_t i = 0;

	while (i + 64 <= n && memcmp(a + i, b + i, 64) == 0)
		i += 64;
	while (i < n && a[i] == b[i])
		i++;
	return i;
}

/* The n bytes that end at a and at b. */
static uint32_t equal_backwards(const uint8_t *a, const uint8_t *b, uint32_t n)
{
	uint32_t i = 0;

	while (i + 64 <= n && memcmp(a - i - 64, b - i - 64, 64) == 0)
		i += 64;
	while (i < n && a[-(int64_t)i - 1] == b[-(int64_t)i - 1])
		i++;
	return i;
}

/* An anchor in [from, end) at this distance, or `from`: the first bytes may differ where
   later ones are equal. */
static uint32_t seed_in(const struct search *f, int64_t apart, uint32_t from,
	uint32_t end)
{
	for (unsigned i = 0; i < f->out->n_anchors; i++) {
		uint32_t pos = own_pos(&f->out->anchors[i]);

		if (pos >= from && pos < end && is_met(&f->places[i]) && distance(f, i) == apart)
			return pos;
	}
	return from;
}

/* Compare the bytes [from, end) of the chunk with a record that has them, perhaps, from
   its byte `pos` on. */
static void compare(struct search *f, uint32_t from, uint32_t end, uint32_t seed,
	uint32_t base_chunk, uint32_t pos)
{
	const struct record_context silent = { .blob = f->with->blob,
		.scratch = f->with->scratch };
	uint32_t seed_pos = pos + (seed - from), ahead, back;
	struct copies *copies = &f->out->copies;
	const struct base_bytes *bytes;
	struct table_record base;

	f->n_looks++;
	if (!find_base(f->with->blob, base_chunk, &base) ||
		record_read_base(&silent, &base, &bytes) || seed_pos >= bytes->len)
		return;
	ahead = equal_forwards(f->buf->data + seed, bytes->raw + seed_pos,
		(uint32_t)min_u64(end - seed, bytes->len - seed_pos));
	back = equal_backwards(f->buf->data + seed, bytes->raw + seed_pos, seed - from);
	if (back + ahead < COPY_LEAST)
		return;
	copies->items[copies->n++] = (struct copy){ .at = seed - back,
		.n = back + ahead,
		.of = { .record_off = base.off,
			.frame_len = base.frame_len,
			.chunk_no = base.chunk_no,
			.first = seed_pos - back } };
}

/* Compare all of the chunk from `from` on with what lies at this distance: parts of two
   chunks, or all of one. */
static void follow(struct search *f, int64_t apart, uint32_t from)
{
	const struct alcm_blob *blob = f->with->blob;
	int64_t first = (int64_t)chunk_start(blob, f->buf->chunk_no) + apart;

	if (first + from < 0)
		from = (uint32_t)-first;
	while (from < f->buf->len && may_look(f)) {
		uint64_t at = (uint64_t)(first + from);

		if (at >= blob_max_size(blob->chunk_log2))
			return;

		uint32_t pos = (uint32_t)(at & (blob->chunk_bytes - 1));
		uint32_t end = (uint32_t)min_u64(f->buf->len, from + blob->chunk_bytes - pos);

		if (chunk_of(blob, at) != f->buf->chunk_no)
			compare(f, from, end, seed_in(f, apart, from, end), chunk_of(blob, at), pos);
		from = end;
	}
}

void duplicates_find(const struct record_context *with, const struct cbuf *buf,
	uint32_t grain, uint32_t first, struct duplicates *out)
{
	struct alcm_blob *blob = with->blob;
	struct search f = { .with = with, .buf = buf, .out = out };

	out->copies.data = buf->data;
	out->copies.hash = disk_hash(buf->data, buf->len);
	out->copies.n = 0;
	out->n_anchors = anchors_find(buf->data, buf->len, out->copies.hash, grain, first,
		out->anchors);
	if (!anchors_look_up(blob->alcm->anchors, file_of(blob), out->anchors, out->n_anchors,
			f.places))
		return;
	for (unsigned i = 0; i < out->n_anchors && may_look(&f); i++) {
		const struct copies *c = &out->copies;
		const struct copy *last = c->n ? &c->items[c->n - 1] : NULL;
		uint32_t from = last ? last->at + last->n : 0;

		if (is_met(&f.places[i]) && own_pos(&out->anchors[i]) >= from && is_backed(&f, i))
			follow(&f, distance(&f, i), from);
	}
}

void duplicates_remember(struct alcm_blob *blob, uint32_t chunk_no,
	const struct duplicates *d)
{
	anchors_put(blob->alcm->anchors, file_of(blob), chunk_no, d->anchors, d->n_anchors);
}
