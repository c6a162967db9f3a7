/* SPDX-License-Identifier: MIT */
/*
 * Frames of a blob as bytes: one put and one get for each, side by side, so an offset
 * that differs between them is easy to see.
 *
 *   header, trailer   magic 8 │ hash 8 │ hashed: version, fields …       (2.1, 2.5)
 *   record, index     magic 4 │ n 4 │ hash 8 │ hashed: fields …, then bytes 0…7
 *
 * The numbers of sections here are those of docs/format.md (records: 2.2, index: 2.4).
 *
 * Every get checks in one order: length, magic, checksum, version, reserved bytes,
 * limits, fields against each other. So damage is never reported as "newer", and a caller
 * never sees a field that wasn't checked. Outputs stay untouched unless the result is
 * DISK_OK.
 */
#include "blob/disk.h"

#include <stdbool.h>
#include <string.h>

#include "base/checked.h"
#include "base/le.h"

static const uint8_t header_magic[8] = { 0x89, 'A', 'L', 'C', 'M', '\r', '\n', 0x1a };
static const uint8_t trailer_magic[8] = { 0x89, 'A', 'L', 'C', 'M', 't', '\r', '\n' };
static const uint8_t record_magic[4] = { 'A', 'L', 'R', '1' };
static const uint8_t index_magic[4] = { 'A', 'L', 'I', '1' };

uint64_t disk_tag(const uint8_t uuid[16])
{
	return le_get64(uuid);
}

static bool all_zero(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (p[i])
			return false;
	}
	return true;
}

static bool chunk_log2_valid(unsigned log2)
{
	return log2 >= DISK_CHUNK_LOG2_MIN && log2 <= DISK_CHUNK_LOG2_MAX;
}

/*
 * Header and trailer share this start, which is frozen for all versions: magic, hash of
 * the rest, version. The hash comes before the version, or damage would look like
 * "newer".
 */
static enum disk_verdict check_start(const uint8_t *buf, size_t n, size_t want,
	const uint8_t magic[8])
{
	if (n < want || memcmp(buf, magic, 8) != 0)
		return DISK_NOT_OURS;
	if (le_get64(buf + 8) != disk_hash(buf + 16, want - 16))
		return DISK_CORRUPT;
	if (le_get32(buf + 16) != DISK_VERSION)
		return le_get32(buf + 16) > DISK_VERSION ? DISK_NEWER : DISK_CORRUPT;
	return DISK_OK;
}

/* Flip each bit in turn until the bytes are valid. With a hash of 64 bits a wrong flip
   that looks valid is out of the question. Leaves `buf` as it was on failure. */
static bool repair(uint8_t *buf, size_t n,
	bool (*valid)(const uint8_t *buf, const void *ctx), const void *ctx)
{
	for (size_t bit = 0; bit < 8 * n; bit++) {
		uint8_t mask = (uint8_t)(1u << bit % 8);

		buf[bit / 8] ^= mask;
		if (valid(buf, ctx))
			return true;
		buf[bit / 8] ^= mask;
	}
	return false;
}

static bool header_valid(const uint8_t *buf, const void *ctx)
{
	(void)ctx;
	return check_start(buf, DISK_HEADER_BYTES, DISK_HEADER_BYTES, header_magic) ==
		DISK_OK;
}

/* Only the checksum counts here; disk_trailer_get() checks the fields afterwards. */
static bool trailer_valid(const uint8_t *buf, const void *ctx)
{
	(void)ctx;
	return check_start(buf, DISK_TRAILER_BYTES, DISK_TRAILER_BYTES, trailer_magic) ==
		DISK_OK;
}

bool disk_header_repair(uint8_t buf[DISK_HEADER_BYTES])
{
	return repair(buf, DISK_HEADER_BYTES, header_valid, NULL);
}

bool disk_trailer_repair(uint8_t buf[DISK_TRAILER_BYTES])
{
	return repair(buf, DISK_TRAILER_BYTES, trailer_valid, NULL);
}

/*
 * Magic, uuid and own offset are known in advance: 256 bits. Random bytes differ from
 * them in about half; a damaged trailer differs in a few. The bytes between magic and
 * uuid start with the hash and are skipped.
 */
bool disk_trailer_remains(const uint8_t buf[DISK_TRAILER_BYTES], uint64_t off,
	const uint8_t uuid[16])
{
	enum { MAX_FLIPPED = 16 }; /* of 256 bits that are known */
	uint8_t known[32];
	unsigned n_flipped = 0;

	memcpy(known, trailer_magic, 8);
	memcpy(known + 8, uuid, 16);
	le_put64(known + 24, off);
	for (size_t i = 0; i < sizeof(known); i++)
		n_flipped += (unsigned)__builtin_popcount(known[i] ^ buf[i < 8 ? i : i + 16]);
	return n_flipped <= MAX_FLIPPED;
}

bool disk_header_begins(const uint8_t *buf, size_t n)
{
	return n >= sizeof(header_magic) &&
		memcmp(buf, header_magic, sizeof(header_magic)) == 0;
}

/* All zeros: a crash can lose the header's page while later pages reached the disk. */
bool disk_header_suspect(const uint8_t buf[DISK_HEADER_BYTES])
{
	unsigned n_alike = 0;

	for (size_t i = 0; i < sizeof(header_magic); i++)
		n_alike += buf[i] == header_magic[i];
	return n_alike >= sizeof(header_magic) / 2 || all_zero(buf, DISK_HEADER_BYTES);
}

void disk_header_put(uint8_t buf[DISK_HEADER_BYTES], const struct disk_header *h)
{
	memset(buf, 0, DISK_HEADER_BYTES);
	memcpy(buf, header_magic, 8);
	le_put32(buf + 16, DISK_VERSION);
	buf[20] = h->chunk_log2;
	buf[21] = h->profile;
	memcpy(buf + 24, h->uuid, 16);
	le_put_double(buf + 56, h->bound);
	le_put64(buf + 8, disk_hash(buf + 16, DISK_HEADER_BYTES - 16));
}

enum disk_verdict disk_header_get(struct disk_header *h, const uint8_t *buf, size_t n)
{
	enum disk_verdict v = check_start(buf, n, DISK_HEADER_BYTES, header_magic);

	if (v != DISK_OK)
		return v;
	/* A base blob and other profiles are for later versions; this one can't follow
	   them. */
	if (!all_zero(buf + 40, 16) || buf[21] > DISK_PROFILE_MAX)
		return DISK_NEWER;
	if (!all_zero(buf + 22, 2) || !(le_get_double(buf + 56) >= 0) ||
		!chunk_log2_valid(buf[20]))
		return DISK_CORRUPT;
	h->bound = le_get_double(buf + 56);
	h->chunk_log2 = buf[20];
	h->profile = buf[21];
	memcpy(h->uuid, buf + 24, 16);
	return DISK_OK;
}

/* Record and index heads: the hash covers bytes 16…63, then the first eight. The chunk
   number is among those eight, so it is protected too. */
static uint64_t head_hash(const uint8_t *buf)
{
	uint8_t covered[56];

	memcpy(covered, buf + 16, 48);
	memcpy(covered + 48, buf, 8);
	return disk_hash(covered, sizeof(covered));
}

/* Records and indexes have no version: the header's applies to them. */
static enum disk_verdict check_head(const uint8_t *buf, size_t n, const uint8_t magic[4])
{
	if (n < 64 || memcmp(buf, magic, 4) != 0)
		return DISK_NOT_OURS;
	return le_get64(buf + 8) == head_hash(buf) ? DISK_OK : DISK_CORRUPT;
}

void disk_record_put(uint8_t buf[DISK_RECORD_BYTES], const struct disk_record *r)
{
	memset(buf, 0, DISK_RECORD_BYTES);
	memcpy(buf, record_magic, 4);
	le_put32(buf + 4, r->chunk_no);
	le_put64(buf + 16, r->tag);
	le_put32(buf + 24, r->raw_len);
	le_put32(buf + 28, r->body_len);
	le_put64(buf + 32, r->raw_hash);
	le_put64(buf + 40, r->body_hash);
	le_put32(buf + 48, r->cpu_us);
	le_put32(buf + 52, r->metrics_len);
	le_put64(buf + 8, head_hash(buf));
}

/* Every limit that decoding relies on is checked here: raw_len and body_len fit the
   scratch buffers, and the chunk lies within the largest file. */
enum disk_verdict disk_record_get(struct disk_record *r, const uint8_t *buf, size_t n,
	uint32_t chunk_bytes)
{
	enum disk_verdict v = check_head(buf, n, record_magic);
	uint64_t max_size = blob_max_size((unsigned)__builtin_ctz(chunk_bytes));
	struct disk_record got;

	if (v != DISK_OK)
		return v;
	got.chunk_no = le_get32(buf + 4);
	got.tag = le_get64(buf + 16);
	got.raw_len = le_get32(buf + 24);
	got.body_len = le_get32(buf + 28);
	got.raw_hash = le_get64(buf + 32);
	got.body_hash = le_get64(buf + 40);
	got.cpu_us = le_get32(buf + 48);
	got.metrics_len = le_get32(buf + 52);
	if (!all_zero(buf + 56, 8) || !got.raw_len || got.raw_len > chunk_bytes ||
		(uint64_t)got.chunk_no * chunk_bytes >= max_size ||
		got.body_len > chunk_bytes + DISK_BODY_SLACK ||
		(got.metrics_len && got.metrics_len != DISK_METRICS_BYTES &&
			got.metrics_len != DISK_METRICS_BYTES + DISK_DISTORTION_BYTES) ||
		got.metrics_len > got.body_len)
		return DISK_CORRUPT;
	*r = got;
	return DISK_OK;
}

/*
 * Metrics are informative, so nothing checks their values: users of them must take any.
 */
void disk_metrics_put(uint8_t buf[DISK_METRICS_BYTES], const struct metrics *m)
{
	const struct moments *s = &m->moments;

	le_put64(buf, s->n);
	le_put64(buf + 8, s->n_nan);
	le_put64(buf + 16, s->n_inf);
	le_put64(buf + 24, s->n_sparse);
	le_put_double(buf + 32, s->mean);
	le_put_double(buf + 40, s->m2);
	le_put_double(buf + 48, s->m3);
	le_put_double(buf + 56, s->m4);
	le_put_double(buf + 64, s->min);
	le_put_double(buf + 72, s->max);
	le_put64(buf + 80, m->baseline_raw);
	le_put64(buf + 88, m->baseline_stored);
	le_put64(buf + 96, m->baseline_cpu_ns);
	le_put64(buf + 104, m->cpu_ns);
	le_put64(buf + 112, m->wall_ns);
}

void disk_metrics_get(struct metrics *m, const uint8_t buf[DISK_METRICS_BYTES])
{
	struct moments *s = &m->moments;

	s->n = le_get64(buf);
	s->n_nan = le_get64(buf + 8);
	s->n_inf = le_get64(buf + 16);
	s->n_sparse = le_get64(buf + 24);
	s->mean = le_get_double(buf + 32);
	s->m2 = le_get_double(buf + 40);
	s->m3 = le_get_double(buf + 48);
	s->m4 = le_get_double(buf + 56);
	s->min = le_get_double(buf + 64);
	s->max = le_get_double(buf + 72);
	m->baseline_raw = le_get64(buf + 80);
	m->baseline_stored = le_get64(buf + 88);
	m->baseline_cpu_ns = le_get64(buf + 96);
	m->cpu_ns = le_get64(buf + 104);
	m->wall_ns = le_get64(buf + 112);
}

/* The sums of section 2.6; the same bytes follow a record's metrics and start a lossy
   section. */
void disk_distortion_put(uint8_t buf[DISK_DISTORTION_BYTES], const struct distortion *d)
{
	le_put64(buf, d->n);
	le_put64(buf + 8, d->n_pruned);
	le_put_double(buf + 16, d->sq_error);
	le_put_double(buf + 24, d->abs_error);
	le_put_double(buf + 32, d->max_error);
	le_put_double(buf + 40, d->sq_value);
	le_put_double(buf + 48, d->min);
	le_put_double(buf + 56, d->max);
}

void disk_distortion_get(struct distortion *d, const uint8_t buf[DISK_DISTORTION_BYTES])
{
	d->n = le_get64(buf);
	d->n_pruned = le_get64(buf + 8);
	d->sq_error = le_get_double(buf + 16);
	d->abs_error = le_get_double(buf + 24);
	d->max_error = le_get_double(buf + 32);
	d->sq_value = le_get_double(buf + 40);
	d->min = le_get_double(buf + 48);
	d->max = le_get_double(buf + 56);
}

/* One row of an index's summary. */
void disk_plane_put(uint8_t buf[DISK_PLANE_BYTES], const struct plane_use *p)
{
	buf[0] = p->transform;
	buf[1] = p->plane;
	buf[2] = p->coder;
	buf[3] = p->value_bits;
	le_put32(buf + 4, 0);
	le_put64(buf + 8, p->n_values);
	le_put64(buf + 16, p->raw_bytes);
	le_put64(buf + 24, p->stored_bytes);
}

void disk_plane_get(struct plane_use *p, const uint8_t buf[DISK_PLANE_BYTES])
{
	p->transform = buf[0];
	p->plane = buf[1];
	p->coder = buf[2];
	p->value_bits = buf[3];
	p->n_values = le_get64(buf + 8);
	p->raw_bytes = le_get64(buf + 16);
	p->stored_bytes = le_get64(buf + 24);
}

/* Frame lengths have at most 25 bits, so the highest bit is free for a flag. */
#define ENTRY_QUANTISED ((uint32_t)1 << 31)

void disk_entry_put(uint8_t buf[DISK_ENTRY_BYTES], const struct disk_entry *e)
{
	le_put32(buf, e->chunk_no);
	le_put32(buf + 4, e->frame_len | (e->quantised ? ENTRY_QUANTISED : 0));
	le_put64(buf + 8, e->off);
}

void disk_entry_get(struct disk_entry *e, const uint8_t buf[DISK_ENTRY_BYTES])
{
	e->chunk_no = le_get32(buf);
	e->frame_len = le_get32(buf + 4) & ~ENTRY_QUANTISED;
	e->quantised = le_get32(buf + 4) & ENTRY_QUANTISED;
	e->off = le_get64(buf + 8);
}

void disk_base_put(uint8_t buf[DISK_BASE_BYTES], const struct disk_base *b)
{
	le_put32(buf, b->user_chunk);
	le_put32(buf + 4, b->chunk_no);
	le_put64(buf + 8, b->off);
	le_put32(buf + 16, b->frame_len);
	le_put32(buf + 20, b->bytes);
}

void disk_base_get(struct disk_base *b, const uint8_t buf[DISK_BASE_BYTES])
{
	b->user_chunk = le_get32(buf);
	b->chunk_no = le_get32(buf + 4);
	b->off = le_get64(buf + 8);
	b->frame_len = le_get32(buf + 16);
	b->bytes = le_get32(buf + 20);
}

void disk_index_put(uint8_t buf[DISK_INDEX_BYTES], const struct disk_index *x)
{
	memset(buf, 0, DISK_INDEX_BYTES);
	memcpy(buf, index_magic, 4);
	le_put32(buf + 4, x->n_entries);
	le_put64(buf + 16, x->tag);
	le_put64(buf + 24, x->body_len);
	le_put64(buf + 32, x->body_hash);
	le_put32(buf + 40, x->summary_len);
	le_put32(buf + 44, x->n_planes);
	le_put32(buf + 48, x->lossy_len);
	le_put32(buf + 52, x->n_bases);
	le_put64(buf + 8, head_hash(buf));
}

enum disk_verdict disk_index_get(struct disk_index *x, const uint8_t *buf, size_t n)
{
	enum disk_verdict v = check_head(buf, n, index_magic);
	struct disk_index got;

	if (v != DISK_OK)
		return v;
	got.n_entries = le_get32(buf + 4);
	got.tag = le_get64(buf + 16);
	got.body_len = le_get64(buf + 24);
	got.body_hash = le_get64(buf + 32);
	got.summary_len = le_get32(buf + 40);
	got.n_planes = le_get32(buf + 44);
	got.lossy_len = le_get32(buf + 48);
	got.n_bases = le_get32(buf + 52);
	if (!all_zero(buf + 56, 8) || got.n_planes > DISK_MAX_PLANES ||
		got.summary_len != DISK_METRICS_BYTES + got.n_planes * DISK_PLANE_BYTES ||
		got.body_len !=
			got.summary_len + (uint64_t)got.lossy_len +
				(uint64_t)got.n_bases * DISK_BASE_BYTES +
				(uint64_t)got.n_entries * DISK_ENTRY_BYTES)
		return DISK_CORRUPT;
	*x = got;
	return DISK_OK;
}

static bool index_valid(const uint8_t *buf, const void *ctx)
{
	(void)ctx;
	return check_head(buf, DISK_INDEX_BYTES, index_magic) == DISK_OK;
}

bool disk_index_repair(uint8_t buf[DISK_INDEX_BYTES])
{
	return repair(buf, DISK_INDEX_BYTES, index_valid, NULL);
}

static bool index_body_valid(const uint8_t *buf, const void *ctx)
{
	const struct disk_index *x = ctx;

	return disk_hash(buf, x->body_len) == x->body_hash;
}

/* The cost is quadratic (bits times bytes to hash), so only short bodies are tried. */
bool disk_index_body_repair(const struct disk_index *x, uint8_t *body)
{
	return x->body_len <= DISK_REPAIR_MAX &&
		repair(body, x->body_len, index_body_valid, x);
}

void disk_trailer_put(uint8_t buf[DISK_TRAILER_BYTES], const struct disk_trailer *t)
{
	memset(buf, 0, DISK_TRAILER_BYTES);
	memcpy(buf, trailer_magic, 8);
	le_put32(buf + 16, DISK_VERSION);
	buf[20] = t->chunk_log2;
	buf[21] = t->profile;
	memcpy(buf + 24, t->uuid, 16);
	le_put64(buf + 40, t->off);
	le_put64(buf + 48, t->index_off);
	le_put64(buf + 56, t->size);
	le_put64(buf + 64, t->commit_no);
	le_put64(buf + 72, t->synced);
	memcpy(buf + 80, t->boot_id, 16);
	le_put64(buf + 96, t->live_bytes);
	le_put32(buf + 104, t->threads);
	le_put64(buf + 112, t->prev);
	le_put64(buf + 120, t->punched);
	le_put64(buf + 8, disk_hash(buf + 16, DISK_TRAILER_BYTES - 16));
}

/* A trailer names its own offset, so one that was copied elsewhere, or lies inside a
   record's data, isn't taken for a commit. */
enum disk_verdict disk_trailer_get(struct disk_trailer *t, const uint8_t *buf, size_t n,
	uint64_t off)
{
	enum disk_verdict v = check_start(buf, n, DISK_TRAILER_BYTES, trailer_magic);
	struct disk_trailer got;

	if (v != DISK_OK)
		return v;
	got.chunk_log2 = buf[20];
	got.profile = buf[21];
	memcpy(got.uuid, buf + 24, 16);
	got.off = le_get64(buf + 40);
	got.index_off = le_get64(buf + 48);
	got.size = le_get64(buf + 56);
	got.commit_no = le_get64(buf + 64);
	got.synced = le_get64(buf + 72);
	memcpy(got.boot_id, buf + 80, 16);
	got.live_bytes = le_get64(buf + 96);
	got.threads = le_get32(buf + 104);
	got.prev = le_get64(buf + 112);
	got.punched = le_get64(buf + 120);
	if (!all_zero(buf + 22, 2) || !all_zero(buf + 108, 4) ||
		!chunk_log2_valid(got.chunk_log2) || got.size > blob_max_size(got.chunk_log2) ||
		got.off != off || got.index_off >= off || got.index_off % DISK_ALIGN ||
		got.index_off < DISK_HEADER_BYTES || got.synced >= off || got.prev >= off)
		return DISK_CORRUPT;
	*t = got;
	return DISK_OK;
}

uint64_t disk_record_bound(uint32_t chunk_bytes)
{
	return round_up(DISK_RECORD_BYTES + (uint64_t)chunk_bytes + DISK_BODY_SLACK,
		DISK_ALIGN);
}
