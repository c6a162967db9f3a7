/* SPDX-License-Identifier: MIT */
/*
 * Finding a blob's state when it is opened (docs/format.md, section 4):
 *
 *   read_header()       damaged: a flipped bit, or the trailer's copy of the fields
 *     │                 not ours: -EMEDIUMTYPE, a plain file
 *   take_trailer()      the last 128 bytes and their index, or else
 *     │                 walk_frames(): the newest trailer whose index is valid
 *   roll_back()         power may have failed since: verify the records behind what was
 *     │                 known to be on the disk; go back while one is missing
 *   rebuild()           no trailer at all: chunks 0, 1, 2 … from their records
 *
 * Only reading: bits are flipped back in memory, and the file is repaired by `alcm check
 * --repair` or, but for its header, by the next commit. So opening twice finds the same,
 * and a crash during recovery changes nothing.
 *
 * Within this file -EBADMSG means "not valid, look further"; callers get -EIO for it. It
 * ends, as each trailer that is tried lies before the last one: `prev` is checked to be
 * less than a trailer's own offset, and a walk stops there. What a hostile file could
 * still make long is limited by the bytes that may be read (effort_for()).
 */
#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/diag.h"
#include "blob/bases.h"
#include "blob/boot.h"
#include "blob/conversion.h"
#include "blob/index.h"
#include "blob/recover.h"
#include "blob/walk.h"

enum { EFFORT_LEAST = 256 << 20, EFFORT_TIMES = 16 };

/* ---- the trailer that counts ------------------------------------------------------- */

/* The trailer at `off`; `*repaired`: it had a flipped bit. -EBADMSG: there is none. */
static int read_trailer(const struct blob_io *store, uint64_t off, const uint8_t uuid[16],
	struct disk_trailer *t, bool *repaired)
{
	uint8_t buf[DISK_TRAILER_BYTES];
	int err = blob_io_read(store, buf, sizeof(buf), off);

	*repaired = false;
	if (err)
		return err == -ENODATA ? -EBADMSG : err;
	if (disk_trailer_get(t, buf, sizeof(buf), off) != DISK_OK) {
		*repaired = disk_trailer_repair(buf);
		if (!*repaired || disk_trailer_get(t, buf, sizeof(buf), off) != DISK_OK)
			return -EBADMSG;
	}
	return memcmp(t->uuid, uuid, 16) == 0 ? 0 : -EBADMSG;
}

/* Read a record that lies where `at` says, and check head and body. -EBADMSG: there is
   none of this blob and chunk; or the store's error. */
static int read_whole(const struct blob_io *store, uint64_t tag, uint32_t chunk_bytes,
	const struct table_record *at, uint8_t *frame, struct disk_record *r)
{
	int err = at->frame_len > disk_record_bound(chunk_bytes)
		? -ENODATA
		: blob_io_read(store, frame, at->frame_len, at->off);

	if (err && err != -ENODATA)
		return err;
	if (err || disk_record_get(r, frame, at->frame_len, chunk_bytes) != DISK_OK ||
		r->chunk_no != at->chunk_no || r->tag != tag ||
		DISK_RECORD_BYTES + (uint64_t)r->body_len != at->frame_len ||
		disk_hash(frame + DISK_RECORD_BYTES, r->body_len) != r->body_hash)
		return -EBADMSG;
	return 0;
}

/* Verify each record in [from, to) that the index names, bases among them. -EBADMSG: one
   isn't whole. */
static int verify_records(const struct blob_io *store, const struct disk_trailer *t,
	const struct table *table, uint64_t from, uint64_t to)
{
	uint32_t chunk_bytes = 1u << t->chunk_log2;
	AUTO_FREE uint8_t *frame = mem_alloc(disk_record_bound(chunk_bytes));
	uint64_t tag = disk_tag(t->uuid);
	struct disk_record r;
	struct slot *s;
	int err = frame ? 0 : -ENOMEM;

	for (uint32_t k = 0; !err && (s = table_next(table, &k)); k++) {
		const struct table_record at = { s->off, s->frame_len, k };

		if (s->off >= from && s->off < to)
			err = read_whole(store, tag, chunk_bytes, &at, frame, &r);
		if (k == UINT32_MAX)
			break;
	}
	for (size_t i = 0; !err && i < table->n_bases; i++) {
		const struct table_record *base = &table->bases[i].base;

		if (base->off >= from && base->off < to)
			err = read_whole(store, tag, chunk_bytes, base, frame, &r);
	}
	return err;
}

/* The commit before rec->trailer: the one that it names, or the newest that is left.
   -ENOENT. Its table is released again: roll_back() loads it once it has decided. */
static int older_trailer(const struct blob_io *store, const struct recovered *rec,
	struct disk_trailer *older)
{
	struct walk w = {
		.store = store,
		.file_size = rec->trailer.off,
		.tag = disk_tag(rec->header.uuid),
		.chunk_bytes = 1u << rec->header.chunk_log2,
	};
	struct table table = { 0 };
	struct totals totals;
	bool repaired;
	int err = read_trailer(store, rec->trailer.prev, rec->trailer.uuid, older, &repaired)
		?: index_load(store, older, false, &table, &totals, NULL);

	table_release(&table);
	if (err != -EBADMSG)
		return err;
	err = walk_frames(&w);
	if (err)
		return err;
	*older = w.trailer;
	return w.has_trailer ? 0 : -ENOENT;
}

/* Step 3: after a power failure the newest trailer may have reached the disk without its
   records; go back to the commit before then. */
static int roll_back(const struct blob_io *store, struct recovered *rec)
{
	uint8_t boot[16], zero[16] = { 0 };

	boot_id(boot);
	for (;;) {
		struct disk_trailer *t = &rec->trailer, older;
		struct table table = { 0 };
		struct totals totals;
		int err;

		if (!t->prev || t->off == t->synced ||
			(memcmp(boot, zero, 16) != 0 && memcmp(boot, t->boot_id, 16) == 0))
			return 0;
		/* This commit's own first: they are the likeliest to be missing. Records before
		   `synced` are on the disk, as that trailer was written after them and synced. */
		err = verify_records(store, t, &rec->table, max_u64(t->synced, t->prev), t->off);
		if (!err && t->prev > t->synced)
			err = verify_records(store, t, &rec->table, t->synced, t->prev);
		if (err != -EBADMSG)
			return err;
		err = older_trailer(store, rec, &older);
		if (err == -ENOENT) {
			rec->has_trailer = rec->tail_bad = false;
			table_release(&rec->table);
			rec->rolled_back = true;
			return 0;
		}
		if (!err)
			err = index_load(store, &older, false, &table, &totals, NULL);
		if (err)
			return err;
		table_release(&rec->table);
		rec->table = table;
		rec->totals = totals;
		rec->trailer = older;
		rec->tail_bad = false;
		rec->rolled_back = true;
	}
}

/* Whether a trailer ended the file. A power failure can tear one that spans two sectors.
   One within a sector reached the disk whole and was damaged there. */
static bool was_trailer(const struct blob_io *store, const struct recovered *rec)
{
	enum { SECTOR_BYTES = 512 };
	uint64_t off = rec->file_size - DISK_TRAILER_BYTES;
	uint8_t buf[DISK_TRAILER_BYTES];

	return rec->file_size >= DISK_HEADER_BYTES + DISK_TRAILER_BYTES &&
		off % SECTOR_BYTES <= SECTOR_BYTES - DISK_TRAILER_BYTES &&
		!blob_io_read(store, buf, sizeof(buf), off) &&
		disk_trailer_remains(buf, off, rec->header.uuid);
}

/* Without a power failure since, an index is there if its trailer is: it was written
   first. */
static bool index_was_there(const struct disk_trailer *t)
{
	uint8_t boot[16], zero[16] = { 0 };

	boot_id(boot);
	return memcmp(boot, zero, 16) != 0 && memcmp(boot, t->boot_id, 16) == 0;
}

static int take_trailer(const struct blob_io *store, struct recovered *rec,
	struct alcm_diag *diag)
{
	struct walk w = {
		.store = store,
		.file_size = rec->file_size,
		.tag = disk_tag(rec->header.uuid),
		.chunk_bytes = 1u << rec->header.chunk_log2,
	};
	int err;

	err = rec->file_size < DISK_HEADER_BYTES + DISK_TRAILER_BYTES
		? -EBADMSG
		: read_trailer(store, rec->file_size - DISK_TRAILER_BYTES, rec->header.uuid,
			  &rec->trailer, &rec->tail_bad);
	if (err == -EBADMSG) {
		rec->commit_damaged = was_trailer(store, rec);
	} else if (!err) {
		err = index_load(store, &rec->trailer, true, &rec->table, &rec->totals, diag);
		rec->commit_damaged = err == -EBADMSG && index_was_there(&rec->trailer);
	}
	if (err != -EBADMSG) {
		rec->tail_bad |= rec->totals.repaired;
		rec->has_trailer = !err;
		return err;
	}
	rec->tail_bad = false;
	rec->scanned = true;
	err = walk_frames(&w);
	rec->has_index = w.has_index;
	if (err || !w.has_trailer)
		return err;
	rec->trailer = w.trailer;
	rec->has_trailer = true;
	return index_load(store, &rec->trailer, false, &rec->table, &rec->totals, diag);
}

/* The bases of a record whose frame is given; each must be whole. -EBADMSG: one isn't. */
static int rebuild_bases(const struct walk *w, const struct table_record *user,
	const struct disk_record *r, uint8_t *frame, struct table *table)
{
	struct reference references[CODEC_MAX_PARTS];
	uint32_t bytes[CODEC_MAX_PARTS];
	unsigned n;
	int err = codec_references(frame + DISK_RECORD_BYTES + r->metrics_len,
		r->body_len - r->metrics_len, r->raw_len, references, bytes, &n, NULL);

	for (unsigned i = 0; i < n && !err; i++) {
		const struct reference *from = &references[i];
		const struct table_record base = { from->record_off, from->frame_len,
			from->chunk_no };
		struct disk_record of_base;

		err = read_whole(w->store, w->tag, w->chunk_bytes, &base, frame, &of_base);
		if (!err)
			err = bases_add(table, user->chunk_no, user->off, &base, bytes[i]);
	}
	return err == -EIO ? -EBADMSG : err;
}

/* Step 4: consecutive chunks from 0 on, each valid with all that it refers to. Behind a
   gap nothing is taken: a file with a hole in its middle would look whole. */
static int rebuild_chunks(const struct walk *w, struct recovered *rec)
{
	AUTO_FREE uint8_t *frame = mem_alloc(disk_record_bound(w->chunk_bytes));
	struct disk_record r = { .raw_len = w->chunk_bytes };
	int err = frame ? 0 : -ENOMEM;
	struct slot *s;

	for (uint32_t k = 0;
		 !err && r.raw_len == w->chunk_bytes && (s = table_find(w->records, k)) && s->off;
		 k++) {
		const struct table_record at = { s->off, s->frame_len, k };
		struct slot *keep = table_make(&rec->table, k);

		if (!keep)
			return -ENOMEM;
		err = read_whole(w->store, w->tag, w->chunk_bytes, &at, frame, &r);
		if (!err)
			err = rebuild_bases(w, &at, &r, frame, &rec->table);
		if (err)
			break;
		table_set_record(&rec->table, keep, s->off, s->frame_len);
		keep->quantised = r.metrics_len > DISK_METRICS_BYTES;
		rec->size = (uint64_t)k * w->chunk_bytes + r.raw_len;
	}
	bases_purge(&rec->table);
	bases_mark(&rec->table);
	return err == -EBADMSG ? 0 : err;
}

static int rebuild(const struct blob_io *store, struct recovered *rec)
{
	struct walk w = {
		.store = store,
		.file_size = rec->file_size,
		.tag = disk_tag(rec->header.uuid),
		.chunk_bytes = 1u << rec->header.chunk_log2,
	};
	struct table all = { 0 };

	w.records = &all;
	all.max_bytes = rec->table.max_bytes = blob_io_table_bytes(store);
	memset(&rec->totals, 0, sizeof(rec->totals));
	rec->totals.stale = true;

	int err = walk_frames(&w);

	if (!err)
		err = rebuild_chunks(&w, rec);
	table_release(&all);
	return err;
}

/*
 * The header is invalid: undo a flipped bit, or take the fields that the trailer repeats.
 */
static int repair_header(const struct blob_io *store, struct recovered *rec, uint8_t *buf,
	struct alcm_diag *diag)
{
	bool ours = disk_header_begins(buf, DISK_HEADER_BYTES);
	uint8_t tail[DISK_TRAILER_BYTES];
	uint64_t off = rec->file_size - DISK_TRAILER_BYTES;
	struct disk_trailer t;
	int err = -ENODATA;

	if (!ours && !disk_header_suspect(buf))
		return -EMEDIUMTYPE;
	rec->header_bad = true;
	if (disk_header_repair(buf) &&
		disk_header_get(&rec->header, buf, DISK_HEADER_BYTES) == DISK_OK)
		return 0;
	if (rec->file_size >= DISK_HEADER_BYTES + DISK_TRAILER_BYTES)
		err = blob_io_read(store, tail, sizeof(tail), off);
	if (err && err != -ENODATA)
		return err;
	if (err || disk_trailer_get(&t, tail, sizeof(tail), off) != DISK_OK)
		return ours
			? diag_set(diag, -EIO, 0, "the header is damaged, and there is no trailer")
			: -EMEDIUMTYPE;
	rec->header.chunk_log2 = t.chunk_log2;
	rec->header.profile = t.profile;
	memcpy(rec->header.uuid, t.uuid, 16);
	return 0;
}

static int read_header(const struct blob_io *store, struct recovered *rec,
	struct alcm_diag *diag)
{
	uint8_t buf[DISK_HEADER_BYTES];
	int64_t size = store->ops->size(store->ctx);

	if (size < 0)
		return (int)size;
	rec->file_size = (uint64_t)size;

	size_t n = (size_t)min_u64(sizeof(buf), rec->file_size);
	int err = blob_io_read(store, buf, n, 0);

	if (err)
		return err == -ENODATA ? -EMEDIUMTYPE : err;
	if (conversion_begins(buf, n))
		return diag_set(diag, -EIO, 0,
			"its conversion in place was interrupted; mount its store, or run alcm check "
			"--repair, to finish it");
	if (n < sizeof(buf))
		return disk_header_begins(buf, n)
			? diag_set(diag, -EIO, 0, "the file ends within its header")
			: -EMEDIUMTYPE;
	switch (disk_header_get(&rec->header, buf, sizeof(buf))) {
	case DISK_OK:
		return 0;
	case DISK_NEWER:
		return diag_set(diag, -EIO, 0,
			"made by a newer alcm: its format is newer than %d, the newest that this one "
			"reads",
			DISK_VERSION);
	case DISK_NOT_OURS:
	case DISK_CORRUPT:
		break;
	}
	return repair_header(store, rec, buf, diag);
}

/* The most bytes to read. A scan reads the file a few times at most, but overlapping
   frames, or many commits that each need all records, would take days. */
static uint64_t effort_for(const struct blob_io *store)
{
	int64_t used = blob_io_used(store);

	return EFFORT_LEAST + (used > 0 ? EFFORT_TIMES * (uint64_t)used : 0);
}

int recover_state(const struct blob_io *store, struct recovered *out,
	struct alcm_diag *diag)
{
	struct blob_io_bounded effort = { .inner = store, .left = effort_for(store) };
	const struct blob_io bounded = blob_io_bounded(&effort);
	struct recovered rec = { 0 };
	int err = read_header(&bounded, &rec, diag) ?: take_trailer(&bounded, &rec, diag);

	if (!err && rec.has_trailer)
		err = roll_back(&bounded, &rec);
	if (!err && rec.has_trailer)
		rec.size = rec.trailer.size;
	else if (!err)
		err = rebuild(&bounded, &rec);
	if (effort.exhausted)
		err = diag_set(diag, -EIO, 0,
			"damaged in a way that no crash causes: its frames overlap, or there are "
			"too many commits");
	if (err) {
		table_release(&rec.table);
		return err == -EBADMSG ? -EIO : err;
	}
	*out = rec;
	return 0;
}

void recover_say(struct alcm *alcm, const struct blob_io *store,
	const struct recovered *rec)
{
	if (rec->rolled_back)
		engine_log(alcm, store, ALCM_LOG_WARNING,
			"the last save did not reach the disk before the power failed; "
			"showing commit %llu",
			(unsigned long long)rec->trailer.commit_no);
	if (rec->commit_damaged)
		engine_log(alcm, store, ALCM_LOG_ERROR,
			"the newest commit is damaged: reads return the commit before it, "
			"or what its records hold; alcm check has details");
}

int recover_probe(const struct blob_io *store, struct alcm_probe *out,
	struct alcm_diag *diag)
{
	struct recovered rec = { 0 };
	struct disk_trailer t;
	uint8_t boot[16];
	bool repaired;
	int err = read_header(store, &rec, diag);

	if (err)
		return err;
	boot_id(boot);
	/* The common case needs no index: nothing crashed, or there is nothing to go back
	   to. */
	if (rec.file_size >= DISK_HEADER_BYTES + DISK_TRAILER_BYTES &&
		!read_trailer(store, rec.file_size - DISK_TRAILER_BYTES, rec.header.uuid, &t,
			&repaired) &&
		(!t.prev || memcmp(boot, t.boot_id, 16) == 0)) {
		*out = (struct alcm_probe){ ALCM_BLOB, t.size };
		return 0;
	}
	err = recover_state(store, &rec, diag);
	if (err)
		return err;
	*out = (struct alcm_probe){ ALCM_BLOB, rec.size };
	table_release(&rec.table);
	return 0;
}
