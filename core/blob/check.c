/* SPDX-License-Identifier: MIT */
/*
 * Verifying a blob as a whole, and rewriting what can be derived from intact parts.
 *
 * The structure comes first, as recovery sees it; that says how the blob would be opened.
 * Then every chunk is decoded. Repair rewrites the header and commits the state that was
 * found. It never changes a record.
 *
 *   found                        repair
 *   header damaged               header written again
 *   trailer or index damaged     the commit that reads return now becomes the newest
 *   orphan tail of a crash       likewise; the tail is dead space then
 *   no commit, records only      what was rebuilt becomes the file
 *   a record damaged             nothing: the bytes are lost; n_bad and bad_offset tell
 *
 * A crash during repair leaves one of the states above, so it can be run again.
 */
#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/diag.h"
#include "blob/blob.h"
#include "blob/boot.h"
#include "blob/index.h"
#include "blob/record.h"
#include "blob/recover.h"

/* Only the first cause is kept: later ones often follow from it. */
static void note(struct alcm_check *out, const struct alcm_diag *diag)
{
	if (!out->first.cause[0])
		out->first = *diag;
}

/* Decode every chunk. The logical offset of the first bad one is kept, as users can act
   on it. */
static int check_chunks(struct alcm_blob *blob, struct alcm_check *out)
{
	struct scratch *scratch = engine_scratch_get(blob->alcm, blob->chunk_bytes);
	struct slot *s;
	int err = 0;

	if (!scratch)
		return -ENOMEM;
	for (uint32_t k = 0; (s = table_next(&blob->table, &k)); k++) {
		struct alcm_diag diag = { 0 };
		const struct record_context with = { blob, scratch, &diag };
		const struct table_record at = { s->off, s->frame_len, k };
		uint32_t len;

		out->n_chunks++;
		err = record_read(&with, &at, scratch->raw, &len);
		if (err == -ENOMEM)
			break;
		if (err) {
			if (!out->n_bad++)
				out->bad_offset = chunk_start(blob, k);
			note(out, &diag);
			err = 0;
		}
		if (k == UINT32_MAX)
			break;
	}
	engine_scratch_put(blob->alcm, scratch);
	return err;
}

/* The header is one write of 64 bytes within a sector, so it can't be torn. */
static int rewrite_header(struct blob_io *store, const struct disk_header *h)
{
	uint8_t buf[DISK_HEADER_BYTES];

	disk_header_put(buf, h);
	return blob_io_write(store, buf, sizeof(buf), 0);
}

/* Commit the state that was recovered: a new index and trailer behind everything else. */
static int repair(struct alcm_blob *blob, struct blob_io *store,
	const struct recovered *rec, struct alcm_check *out, struct alcm_diag *diag)
{
	int err = 0;

	if (rec->header_bad)
		err = rewrite_header(store, &rec->header);
	if (!err && (out->trailer_lost || out->orphan_tail)) {
		lock_take(&blob->lock);
		blob->changes.dirty = true;
		lock_drop(&blob->lock);
	}
	if (!err)
		err = alcm_blob_commit(blob, true, diag);
	if (!err && rec->header_bad)
		err = store->ops->sync(store->ctx);
	out->repaired = !err;
	return err;
}

/* Name the fault of the structure, if there is one; the worst first. */
static void name_structure(const struct recovered *rec, const struct alcm_check *found,
	struct alcm_diag *diag)
{
	if (rec->header_bad)
		(void)diag_set(diag, 0, 0, "the header is damaged");
	else if (rec->tail_bad)
		(void)diag_set(diag, 0, rec->trailer.index_off,
			"a bit of the index or the trailer has flipped");
	else if (rec->commit_damaged && rec->has_trailer)
		(void)diag_set(diag, 0, rec->trailer.off + DISK_TRAILER_BYTES,
			"the newest commit's index or trailer is damaged: reads return commit "
			"%llu, the one before it",
			(unsigned long long)rec->trailer.commit_no);
	else if (rec->commit_damaged)
		(void)diag_set(diag, 0, rec->file_size, "the index or the trailer is damaged");
	else if (found->trailer_lost)
		(void)diag_set(diag, 0, rec->file_size, "it has no complete commit");
	else if (found->orphan_tail)
		(void)diag_set(diag, 0, rec->trailer.off + DISK_TRAILER_BYTES,
			"a crash left uncommitted bytes behind the last commit");
}

int blob_check_on(struct alcm *alcm, struct blob_io store, bool fix,
	struct alcm_check *out)
{
	struct alcm_diag diag = { 0 };
	struct alcm_blob *blob = NULL;
	struct alcm_check found = { 0 };
	struct recovered rec;
	int err = recover_state(&store, &rec, &diag);

	if (err == -EIO) {
		found.header_bad = true;
		found.n_bad = 1;
		found.first = diag;
		*out = found;
		return 0;
	}
	if (err)
		return err;
	found.header_bad = rec.header_bad;
	found.trailer_lost = !rec.has_trailer || rec.tail_bad || rec.commit_damaged;
	found.unfinished = !rec.has_trailer && !rec.has_index && !rec.commit_damaged &&
		!rec.header_bad;
	found.orphan_tail = rec.has_trailer && !rec.commit_damaged &&
		(rec.scanned || rec.rolled_back);
	table_release(&rec.table);

	/* Open it as any reader would. A damaged header is rewritten first, or opening for
	   repair would fail. */
	if (fix && rec.header_bad)
		err = rewrite_header(&store, &rec.header);
	if (!err)
		err = blob_open_on(alcm, store, fix, &blob, &diag);
	if (err)
		return err;
	/* Allow reading a rebuilt blob: checking looks at its parts, and --repair makes them
	   a file. */
	(void)blob_salvage(blob);
	name_structure(&rec, &found, &diag);
	if (diag.cause[0])
		note(&found, &diag);
	err = check_chunks(blob, &found);
	if (!err && fix && (found.header_bad || found.trailer_lost || found.orphan_tail))
		err = repair(blob, &store, &rec, &found, &diag);
	alcm_blob_close(blob);
	if (!err)
		*out = found;
	return err;
}

int alcm_check(struct alcm *alcm, int fd, bool fix, struct alcm_check *out)
{
	return blob_check_on(alcm, blob_io_posix(fd), fix, out);
}
