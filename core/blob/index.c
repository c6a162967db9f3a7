/* SPDX-License-Identifier: MIT */
/*
 * A commit's index and trailer: built from the chunk table, and loaded into one.
 *
 *   log.end                                                        new log.end
 *     ▼                                                                 ▼
 *     │ head │ metrics │ planes │ lossy │ bases │ entries │ pad │ trailer │
 *
 * (docs/format.md, sections 2.4 and 2.5.) Both are one buffer and one write, so the
 * trailer never precedes its index. A power failure can bring the trailer to the disk
 * alone; then the index's hash is wrong, and recovery takes an older commit.
 *
 * Numbers of an index that is loaded are hostile: each is checked against the trailer,
 * which was checked against the file. Counts are limited by lengths, and lengths by the
 * file: a record takes at least 64 bytes, so an index at offset x has at most x / 64
 * entries. What passes may still name records that aren't there or are someone else's;
 * reading a record checks its number, tag and hashes.
 */
#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/diag.h"
#include "blob/bases.h"
#include "blob/boot.h"
#include "blob/index.h"

/* One entry per record, by rising chunk number, as the table walks. */
static void put_entries(const struct alcm_blob *blob, uint8_t *at)
{
	struct slot *s;

	for (uint32_t k = 0; (s = table_next(&blob->table, &k)); k++) {
		if (s->off) {
			struct disk_entry e = { k, s->frame_len, s->quantised, s->off };

			disk_entry_put(at, &e);
			at += DISK_ENTRY_BYTES;
		}
		if (k == UINT32_MAX)
			break;
	}
}

static void put_bases(const struct table *t, uint8_t *at)
{
	for (size_t i = 0; i < t->n_bases; i++, at += DISK_BASE_BYTES) {
		const struct table_record *base = &t->bases[i].base;
		const struct disk_base b = { .user_chunk = t->bases[i].user_chunk,
			.chunk_no = base->chunk_no,
			.frame_len = base->frame_len,
			.bytes = t->bases[i].bytes,
			.off = base->off };

		disk_base_put(at, &b);
	}
}

int index_build_locked(struct alcm_blob *blob, uint8_t **out, size_t *len,
	struct disk_trailer *t)
{
	const struct totals *tot = &blob->totals;

	bases_purge(&blob->table);

	struct disk_index x = {
		.n_entries = (uint32_t)blob->table.n_records,
		.n_planes = tot->n_planes,
		.summary_len = DISK_METRICS_BYTES + tot->n_planes * DISK_PLANE_BYTES,
		.lossy_len = lossy_section_bytes(blob->lossy.grid, &blob->lossy.totals),
		.n_bases = (uint32_t)blob->table.n_bases,
		.tag = disk_tag(blob->uuid),
	};

	x.body_len = x.summary_len + (uint64_t)x.lossy_len +
		(uint64_t)x.n_bases * DISK_BASE_BYTES + (uint64_t)x.n_entries * DISK_ENTRY_BYTES;

	uint64_t frame_len = round_up(DISK_INDEX_BYTES + x.body_len, DISK_ALIGN);
	uint8_t *buf = mem_zalloc(1, frame_len + DISK_TRAILER_BYTES);

	if (!buf)
		return -ENOMEM;

	uint8_t *body = buf + DISK_INDEX_BYTES;

	disk_metrics_put(body, &tot->metrics);
	for (unsigned i = 0; i < tot->n_planes; i++)
		disk_plane_put(body + DISK_METRICS_BYTES + i * DISK_PLANE_BYTES, &tot->planes[i]);
	if (x.lossy_len)
		lossy_section_put(body + x.summary_len, blob->lossy.grid, &blob->lossy.totals,
			&tot->metrics.distortion);
	put_bases(&blob->table, body + x.summary_len + x.lossy_len);
	put_entries(blob,
		body + x.summary_len + x.lossy_len + (size_t)x.n_bases * DISK_BASE_BYTES);
	x.body_hash = disk_hash(body, x.body_len);
	disk_index_put(buf, &x);

	*t = (struct disk_trailer){
		.chunk_log2 = blob->chunk_log2,
		.profile = blob->profile,
		.off = blob->log.end + frame_len,
		.index_off = blob->log.end,
		.size = blob->size,
		.commit_no = blob->last.no + 1,
		.synced = blob->last.synced_off,
		.prev = blob->last.trailer_off,
		.live_bytes = DISK_HEADER_BYTES + blob->log.live +
			bases_kept_bytes(&blob->table, 0) + frame_len + DISK_TRAILER_BYTES,
		.punched = blob->log.dead_punched,
		.threads = blob->alcm->params.threads,
	};
	memcpy(t->uuid, blob->uuid, sizeof(t->uuid));
	boot_id(t->boot_id);
	disk_trailer_put(buf + frame_len, t);
	*out = buf;
	*len = frame_len + DISK_TRAILER_BYTES;
	return 0;
}

/* Whether a record can lie there, between the header and the index. */
static bool record_fits(const struct disk_trailer *t, uint64_t off, uint32_t frame_len)
{
	uint64_t limit = DISK_RECORD_BYTES + ((uint64_t)1 << t->chunk_log2) + DISK_BODY_SLACK;

	return off % DISK_ALIGN == 0 && off >= DISK_HEADER_BYTES && off < t->index_off &&
		frame_len >= DISK_RECORD_BYTES && frame_len <= limit &&
		frame_len <= t->index_off - off;
}

/* The chunk of a valid entry lies in the file and comes after the one before. */
static int load_entry(const struct disk_trailer *t, const struct disk_entry *e,
	uint64_t n_chunks, int64_t last, struct table *table)
{
	if (e->chunk_no >= n_chunks || (int64_t)e->chunk_no <= last ||
		!record_fits(t, e->off, e->frame_len))
		return -EIO;

	struct slot *s = table_make(table, e->chunk_no);

	if (!s)
		return -ENOMEM;
	table_set_record(table, s, e->off, e->frame_len);
	s->quantised = e->quantised;
	return 0;
}

static int load_base(const struct disk_trailer *t, const struct disk_base *b,
	struct table *table)
{
	const struct slot *user = table_find(table, b->user_chunk);
	const struct table_record base = { b->off, b->frame_len, b->chunk_no };

	if (!user || !user->off || !record_fits(t, b->off, b->frame_len))
		return -EIO;
	/* Their order is the list's, so that a hostile index is no work. */
	if (table->n_bases) {
		const struct table_base *last = &table->bases[table->n_bases - 1];

		if (base.off < last->base.off ||
			(base.off == last->base.off && user->off <= last->user_off))
			return -EIO;
	}
	return bases_add(table, b->user_chunk, user->off, &base, b->bytes);
}

static int load_bases(const struct disk_trailer *t, const uint8_t *at, uint32_t n,
	struct table *table)
{
	int err = 0;

	for (uint32_t i = 0; i < n && !err; i++, at += DISK_BASE_BYTES) {
		struct disk_base b;

		disk_base_get(&b, at);
		err = load_base(t, &b, table);
	}
	bases_mark(table);
	return err;
}

/* `body` is verified and as long as `x` says; only the values in it are still to be
   checked. The caller releases a table that was filled in part. */
static int load_body(const struct disk_trailer *t, const struct disk_index *x,
	const uint8_t *body, struct table *table, struct totals *totals)
{
	uint64_t n_chunks = (t->size + ((uint64_t)1 << t->chunk_log2) - 1) >> t->chunk_log2;
	int64_t last = -1;

	memset(totals, 0, sizeof(*totals));
	disk_metrics_get(&totals->metrics, body);
	totals->n_planes = x->n_planes;
	for (unsigned i = 0; i < x->n_planes; i++)
		disk_plane_get(&totals->planes[i],
			body + DISK_METRICS_BYTES + i * DISK_PLANE_BYTES);
	body += x->summary_len;
	if (x->lossy_len >= DISK_DISTORTION_BYTES)
		disk_distortion_get(&totals->metrics.distortion, body);
	body += x->lossy_len;

	const uint8_t *bases = body;

	body += (uint64_t)x->n_bases * DISK_BASE_BYTES;
	for (uint32_t i = 0; i < x->n_entries; i++) {
		struct disk_entry e;

		disk_entry_get(&e, body + (uint64_t)i * DISK_ENTRY_BYTES);

		int err = load_entry(t, &e, n_chunks, last, table);

		if (err)
			return err;
		last = e.chunk_no;
	}
	return load_bases(t, bases, x->n_bases, table);
}

/* The head of the index at `off`; `*repaired`: it had a flipped bit. -EBADMSG: there is
   none. */
static int load_head(const struct blob_io *store, uint64_t off, struct disk_index *x,
	bool *repaired)
{
	uint8_t head[DISK_INDEX_BYTES];
	int err = blob_io_read(store, head, sizeof(head), off);

	*repaired = false;
	if (err)
		return err == -ENODATA ? -EBADMSG : err;
	if (disk_index_get(x, head, sizeof(head)) == DISK_OK)
		return 0;
	*repaired = disk_index_repair(head);
	return *repaired && disk_index_get(x, head, sizeof(head)) == DISK_OK ? 0 : -EBADMSG;
}

/*
 * An index has no holes. Its length is bounded by the file's, but a sparse file of
 * terabytes costs an attacker nothing. Real indexes compress less than 16:1, even on a
 * filesystem that compresses.
 */
static bool too_sparse(const struct blob_io *store, uint64_t body_len)
{
	int64_t used = blob_io_used(store);

	return used >= 0 && body_len > 16 * (uint64_t)used + (1 << 20);
}

/*
 * The index that `t` names: its head, and its verified body. The caller frees the body.
 */
static int load_frame(const struct blob_io *store, const struct disk_trailer *t,
	struct disk_index *x, uint8_t **out, bool may_repair, bool *repaired,
	struct alcm_diag *diag)
{
	int err = load_head(store, t->index_off, x, repaired);

	if (err == -EBADMSG || (!err && x->tag != disk_tag(t->uuid)))
		return diag_set(diag, -EBADMSG, t->index_off, "the index is damaged");
	if (err)
		return err;
	/* The index lies before its trailer, so its length is bounded by the file's. */
	if (round_up(DISK_INDEX_BYTES + x->body_len, DISK_ALIGN) != t->off - t->index_off)
		return diag_set(diag, -EBADMSG, t->index_off, "the index has the wrong length");
	if (x->n_entries > t->index_off / DISK_RECORD_BYTES ||
		x->n_bases / CODEC_MAX_PARTS > x->n_entries || too_sparse(store, x->body_len))
		return diag_set(diag, -EBADMSG, t->index_off,
			"the index is longer than that many records can be");

	AUTO_FREE uint8_t *body = mem_alloc(x->body_len);

	if (!body)
		return -ENOMEM;
	err = blob_io_read(store, body, x->body_len, t->index_off + DISK_INDEX_BYTES);
	if (err && err != -ENODATA)
		return err;

	bool whole = !err && disk_hash(body, x->body_len) == x->body_hash;

	if (!err && !whole && may_repair)
		*repaired = whole = disk_index_body_repair(x, body);
	if (!whole)
		return diag_set(diag, -EBADMSG, t->index_off,
			"the checksum of the index is wrong");
	*out = steal(body);
	return 0;
}

int index_load(const struct blob_io *store, const struct disk_trailer *t, bool may_repair,
	struct table *table, struct totals *totals, struct alcm_diag *diag)
{
	AUTO_FREE uint8_t *body = NULL;
	struct disk_index x;
	bool repaired;
	int err = load_frame(store, t, &x, &body, may_repair, &repaired, diag);

	if (err)
		return err;
	table->max_bytes = blob_io_table_bytes(store);
	err = load_body(t, &x, body, table, totals);
	totals->repaired = repaired;
	if (err) {
		table_release(table);
		return err == -EIO
			? diag_set(diag, -EBADMSG, t->index_off, "the index has an impossible entry")
			: err;
	}
	return 0;
}

/* Separate from index_load(), because recovery may load several indexes and only the
   final one's grid counts. */
int index_load_lossy(struct alcm_blob *blob, const struct disk_trailer *t)
{
	AUTO_FREE uint8_t *body = NULL;
	struct disk_index x;
	bool repaired;
	int err = load_frame(&blob->log.io, t, &x, &body, true, &repaired, NULL);

	if (err || !x.lossy_len)
		return err;
	return lossy_section_get(body + x.summary_len, x.lossy_len, &blob->lossy.grid,
		&blob->lossy.totals);
}
