/* SPDX-License-Identifier: MIT */
/*
 * The checksums of a container whose tensors change. All are verified before anything
 * changes, and updated after. A checksum is a CRC-32 of a range, stored in one or more
 * places. A digest may sum up the checksums; it lies inside a range itself, so its range
 * comes last.
 *
 *   1  each CRC of a tensor that will change is compared with its bytes: -ENODATA if one
 *      is wrong already, and nothing is changed
 *   2  the values change
 *   3  each CRC is computed again and written to all its places
 *   4  the digest (PyTorch's serialization_id) is written, then its own member's CRC
 *
 * All of it goes into the same commit, so a crash shows either the file before or the
 * file after, with checksums that are right.
 */
#include <errno.h>
#include <string.h>
#include <zlib.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/le.h"
#include "base/lock.h"
#include "blob/cache.h"
#include "blob/quantise.h"
#include "blob/record.h"

/* Reads chunk by chunk; a read that straddles two chunks would decode both twice. */
static int crc_of(const struct pass *p, const struct checksum *sum, uint32_t *out)
{
	uint32_t capacity = p->blob->chunk_bytes;
	AUTO_FREE uint8_t *buf = mem_alloc(capacity);
	uLong crc = crc32(0, NULL, 0);

	if (!buf)
		return -ENOMEM;
	for (uint64_t at = 0; at < sum->bytes;) {
		uint32_t n = (uint32_t)min_u64(capacity - (sum->offset + at) % capacity,
			sum->bytes - at);
		int err = quantise_read(p, sum->offset + at, n, buf);

		if (err)
			return err;
		crc = crc32(crc, buf, n);
		at += n;
	}
	*out = (uint32_t)crc;
	return 0;
}

/* Updating a wrong checksum would hide damage that is there already. */
int quantise_verify_sums(const struct pass *p, const struct quantise_plan *plan)
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

/* Make a chunk's buffer dirty without losing its quantised mark and distortion, which a
   plain write would clear. The checksum bytes are no tensor's values. */
static int hold_chunk(const struct pass *p, uint32_t chunk_no, uint8_t **spare,
	struct cbuf **out)
{
	struct alcm_blob *blob = p->blob;
	struct slot *s = table_find(&blob->table, chunk_no);
	const struct record_context with = { .blob = blob, .diag = p->diag };
	struct codec_result planes;
	struct metrics m = { 0 };
	bool quantised;
	int err = 0;

	while (blob->cache.n_busy && s && s->buf && s->buf->state != CBUF_DIRTY)
		lock_wait(&blob->lock, &blob->changed);
	quantised = quantise_is_done_locked(blob, chunk_no);
	if (s && s->buf && s->buf->state == CBUF_DIRTY)
		m.distortion = s->buf->distortion;
	else if (quantised && s)
		err = record_read_metrics(&with,
			&(struct table_record){ s->off, s->frame_len, chunk_no }, &m, &planes);
	if (!err)
		err = cache_dirty_locked(blob, chunk_no, false, spare, out, p->diag);
	if (err)
		return err;
	(*out)->quantised = quantised;
	(*out)->distortion = m.distortion;
	return 0;
}

/*
 * Change a few bytes in place. They may cross into the next chunk, hence the recursion.
 */
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

/* Write a new CRC into all its places, unless it is the same. */
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
	/* The digest lies in the range of one of the checksums, which is wrong now. */
	for (size_t i = 0; i < sums->n && !err; i++) {
		struct checksum *sum = &sums->items[i];

		if (sums->digest_at >= sum->offset && sums->digest_at < sum->offset + sum->bytes)
			err = update_sum(p, sum);
	}
	return err;
}

int quantise_update_sums(const struct pass *p, struct quantise_plan *plan)
{
	int err = 0;

	for (size_t i = 0; i < plan->sums.n && !err; i++)
		err = plan->used[i] ? update_sum(p, &plan->sums.items[i]) : 0;
	return err || !plan->sums.digest_at ? err : update_digest(p, &plan->sums);
}
