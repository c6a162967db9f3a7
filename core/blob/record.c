/* SPDX-License-Identifier: MIT */
/*
 * One record: a chunk's bytes to a frame and back, checked at every step.
 *
 *   head 64 │ metrics 120 or 184 │ part table │ planes
 *   └─────────────── prefix ─────────────────┘         (all that metrics and planes need)
 *            └────────────── body_hash ──────────────┘
 *
 * Reading checks the head and the hash of the body, decodes, and checks raw_hash, which
 * is that of the decoded bytes. Encoding decodes its own result before the buffer is
 * dropped. So a fault of the codec costs a raw record and a line in the log, never wrong
 * values.
 *
 * Every failure of a read but -ENOMEM is -EIO and says which of these it was: the store
 * reports an error, the file ends, the head is damaged, another record is in its place,
 * the stored bytes or the decoded ones have the wrong hash, the body can't be decoded, or
 * a record that it refers to fails.
 */
#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/clock.h"
#include "base/diag.h"
#include "blob/record.h"

/*
 * The zlib baseline is measured on 8 KiB in the middle of chunks 0, 1, 4, 16, 64, …:
 * bounded for a file of any size, spread over it, and known as soon as the last chunk is.
 */
enum { BASELINE_SAMPLE = 8 << 10 };

/* The most bytes that reading a record's metrics and planes can need. */
enum { PLANES_PREFIX = DISK_METRICS_BYTES + DISK_DISTORTION_BYTES + CODEC_MAX_TABLE };

/* A valid head of the wrong record is damage too: the index is wrong, or the record's
   place was written by another frame. */
static int check_head(const struct record_context *with, const struct table_record *at,
	const uint8_t *buf, size_t n, struct disk_record *r)
{
	if (disk_record_get(r, buf, n, with->blob->chunk_bytes) != DISK_OK)
		return diag_set(with->diag, -EIO, at->off,
			"chunk %u: its record's header is damaged", at->chunk_no);
	if (r->tag != disk_tag(with->blob->uuid) || r->chunk_no != at->chunk_no ||
		DISK_RECORD_BYTES + (uint64_t)r->body_len != at->frame_len)
		return diag_set(with->diag, -EIO, at->off,
			"chunk %u: another record is in its place", at->chunk_no);
	return 0;
}

/* Read a frame into `frame`, which is as long as the scratch memory's; check its head. */
static int read_frame(const struct record_context *with, const struct table_record *at,
	uint8_t *frame, struct disk_record *r)
{
	int err;

	if (at->frame_len < DISK_RECORD_BYTES || at->frame_len > with->scratch->frame_bytes)
		return diag_set(with->diag, -EIO, at->off,
			"chunk %u: impossible record length %u", at->chunk_no, at->frame_len);
	err = blob_io_read(&with->blob->log.io, frame, at->frame_len, at->off);
	if (err == -ENODATA)
		return diag_set(with->diag, -EIO, at->off,
			"chunk %u: the file ends before its record does", at->chunk_no);
	if (err)
		return diag_set(with->diag, -EIO, at->off, "chunk %u: the store reports: %s",
			at->chunk_no, strerror(-err));
	return check_head(with, at, frame, at->frame_len, r);
}

/* Both hashes are checked: the first finds damage of the store, the second a fault of the
   codec. Without `references` a record that refers to others is an error. */
static int read_record(const struct record_context *with, const struct table_record *at,
	const struct codec_references *references, uint8_t *frame, uint8_t *out,
	uint32_t *raw_len)
{
	const struct codec_context codec = {
		.codec = with->scratch->codec, .diag = with->diag, .references = references
	};
	const uint8_t *body = frame + DISK_RECORD_BYTES;
	struct disk_record r;
	int err = read_frame(with, at, frame, &r);

	if (err)
		return err;
	if (disk_hash(body, r.body_len) != r.body_hash)
		return diag_set(with->diag, -EIO, at->off,
			"chunk %u: the checksum of the stored bytes is wrong", at->chunk_no);
	err = codec_decode(&codec, body + r.metrics_len, r.body_len - r.metrics_len, out,
		r.raw_len);
	if (err) {
		if (with->diag)
			with->diag->offset = at->off;
		return err;
	}
	if (disk_hash(out, r.raw_len) != r.raw_hash)
		return diag_set(with->diag, -EIO, at->off,
			"chunk %u: the checksum of the decoded bytes is wrong", at->chunk_no);
	*raw_len = r.raw_len;
	return 0;
}

/* ---- records that others refer to -------------------------------------------------- */

int record_read_base(const struct record_context *with, const struct table_record *at,
	const struct base_bytes **out)
{
	struct scratch *s = with->scratch;
	struct base_bytes *base;
	int err;

	for (unsigned i = 0; i < SCRATCH_BASES; i++) {
		/* A hostile reference may name offset 0, which stands for none here. */
		if (at->off && s->bases[i].off == at->off) {
			*out = &s->bases[i];
			return 0;
		}
	}
	base = engine_scratch_base(s);
	if (!base)
		return -ENOMEM;
	err = read_record(with, at, NULL, s->base_frame, base->raw, &base->len);
	if (err)
		return err;
	base->off = at->off;
	*out = base;
	return 0;
}

/* A base's frame and bytes have memory of their own, and between two parts of a record
   the codec holds nothing: so the same codec serves both. */
static int read_reference(void *ctx, const struct reference *from, uint32_t n,
	uint8_t *out, struct alcm_diag *diag)
{
	const struct record_context *with = ctx;
	const struct table_record at = { from->record_off, from->frame_len, from->chunk_no };
	struct alcm_diag why = { 0 };
	const struct record_context of_base = { with->blob, with->scratch, &why };
	const struct base_bytes *base;
	uint8_t hash[REFERENCE_HASH_BYTES];
	int err = record_read_base(&of_base, &at, &base);

	if (err)
		return diag_set(diag, err, at.off,
			"the part shared with chunk %u can't be read: %s", at.chunk_no,
			err == -EIO ? why.cause : strerror(-err));
	if (n > base->len || from->first > base->len - n)
		return diag_set(diag, -EIO, at.off, "a reference beyond the end of chunk %u",
			at.chunk_no);
	disk_hash128(base->raw + from->first, n, hash);
	if (memcmp(hash, from->hash, sizeof(hash)) != 0)
		return diag_set(diag, -EIO, at.off, "chunk %u no longer has the shared bytes",
			at.chunk_no);
	memcpy(out, base->raw + from->first, n);
	return 0;
}

static struct codec_references references_of(const struct record_context *with)
{
	return (struct codec_references){ (void *)(uintptr_t)with, read_reference };
}

int record_read(const struct record_context *with, const struct table_record *at,
	uint8_t *out, uint32_t *raw_len)
{
	struct alcm *alcm = with->blob->alcm;
	uint64_t start = clock_thread_cpu_ns();
	const struct codec_references references = references_of(with);
	int err = read_record(with, at, &references, with->scratch->frame, out, raw_len);

	if (err) {
		engine_count(alcm, WORK_N_CORRUPT, 1);
		return err;
	}
	engine_count(alcm, WORK_N_DECODED, 1);
	engine_count(alcm, WORK_DECODED_BYTES, *raw_len);
	engine_count(alcm, WORK_DECODE_CPU_NS, clock_thread_cpu_ns() - start);
	return 0;
}

/* The start of a record's frame, as far as metrics and planes go. */
struct prefix {
	uint8_t bytes[DISK_RECORD_BYTES + PLANES_PREFIX];
	struct disk_record head;
};

/* One small read; the body's hash isn't checked, as most of the body isn't read. */
static int read_prefix(const struct record_context *with, const struct table_record *at,
	struct prefix *p)
{
	size_t n = min_u64(at->frame_len, sizeof(p->bytes));
	int err = blob_io_read(&with->blob->log.io, p->bytes, n, at->off);

	if (err)
		return diag_set(with->diag, -EIO, at->off, "chunk %u: %s", at->chunk_no,
			strerror(-err));
	return check_head(with, at, p->bytes, n, &p->head);
}

int record_read_parts(const struct record_context *with, const struct table_record *at,
	struct codec_part parts[CODEC_MAX_PARTS], unsigned *n_parts)
{
	struct prefix p;
	int err = read_prefix(with, at, &p);

	return err ? err
			   : codec_parts(p.bytes + DISK_RECORD_BYTES + p.head.metrics_len,
					 p.head.body_len - p.head.metrics_len, p.head.raw_len, parts, n_parts,
					 with->diag);
}

int record_read_metrics(const struct record_context *with, const struct table_record *at,
	struct metrics *m, struct codec_result *planes)
{
	struct prefix p;
	int err = read_prefix(with, at, &p);

	if (err)
		return err;
	memset(m, 0, sizeof(*m));
	if (p.head.metrics_len)
		disk_metrics_get(m, p.bytes + DISK_RECORD_BYTES);
	if (p.head.metrics_len > DISK_METRICS_BYTES)
		disk_distortion_get(&m->distortion,
			p.bytes + DISK_RECORD_BYTES + DISK_METRICS_BYTES);
	/* The part table alone is looked at, and it lies within the prefix. */
	return codec_planes(p.bytes + DISK_RECORD_BYTES + p.head.metrics_len,
		p.head.body_len - p.head.metrics_len, p.head.raw_len, planes, with->diag);
}

/* Powers of 4, and 0. */
static bool baseline_due(uint32_t chunk_no)
{
	while (chunk_no > 1 && chunk_no % 4 == 0)
		chunk_no /= 4;
	return chunk_no <= 1;
}

/* zlib -6 on a sample, for comparison in reports. It isn't part of the encoding time, and
   a failure only means that there is no figure. */
static void measure_baseline(uint32_t chunk_no, const uint8_t *raw, uint32_t len,
	struct metrics *m)
{
	uint32_t n = len < BASELINE_SAMPLE ? len : BASELINE_SAMPLE;

	if (!baseline_due(chunk_no))
		return;

	uint64_t start = clock_thread_cpu_ns();
	long stored = codec_baseline(raw + (len - n) / 2, n);

	if (stored <= 0)
		return;
	m->baseline_raw = n;
	m->baseline_stored = (uint64_t)stored;
	m->baseline_cpu_ns = clock_thread_cpu_ns() - start;
}

/* Decode what was encoded and compare. A chunk that the codec got wrong is stored raw and
   isn't tried again. */
static void verify(const struct codec_context *with, const uint8_t *raw, uint32_t len,
	uint8_t *body, uint8_t *decoded, struct record *out)
{
	if (!codec_decode(with, body, out->planes.body_len, decoded, len) &&
		memcmp(decoded, raw, len) == 0)
		return;
	out->verify_failed = true;
	codec_encode_raw(raw, len, body, &out->planes);
}

/* Tell the codec about the grid that lossy values lie on. */
static void set_grids(const struct record_about *about, uint64_t off, struct span *spans,
	unsigned n_spans, struct grid_map *maps)
{
	for (unsigned i = 0; about->tensors && i < n_spans; off += spans[i++].len_bytes) {
		if (lossy_map(about->tensors, &spans[i], off, &maps[i]))
			spans[i].grid = &maps[i];
	}
}

/* Statistics cover the values alone. The codec's spans may have been merged with bytes
   between tensors, so the exact cuts are walked once more. */
static void add_moments(const struct segment_cut *cut, uint64_t off, const uint8_t *raw,
	uint32_t len, struct moments *out)
{
	struct span span;

	for (uint32_t at = 0; at < len; at += span.len_bytes) {
		format_next_span(cut, off + at, off + len, &span);
		moments_add(out, raw + at, &span);
	}
}

/* Write the metrics in front of the body; returns their length. */
static uint32_t put_metrics(uint8_t *at, const struct metrics *m)
{
	disk_metrics_put(at, m);
	if (!m->distortion.n)
		return DISK_METRICS_BYTES;
	disk_distortion_put(at + DISK_METRICS_BYTES, &m->distortion);
	return DISK_METRICS_BYTES + DISK_DISTORTION_BYTES;
}

/* The tensors in a chunk, and in place of what other records have the references. */
static unsigned chunk_spans(const struct record_about *about, uint64_t off, uint32_t len,
	struct span spans[SPAN_MAX])
{
	unsigned n = format_spans(about->cut, off, len, spans);

	return about->copies ? copies_cut(about->copies, spans, n) : n;
}

/* The records that the body, which we made, refers to. */
static void list_bases(const uint8_t *body, struct record *out, uint32_t len)
{
	struct reference references[CODEC_MAX_PARTS];
	unsigned n = 0;

	(void)codec_references(body, out->planes.body_len, len, references, out->base_bytes,
		&n, NULL);
	for (unsigned i = 0; i < n; i++)
		out->bases[i] = (struct table_record){ references[i].record_off,
			references[i].frame_len, references[i].chunk_no };
	out->n_bases = n;
}

static void count_encoded(struct alcm_blob *blob, uint32_t len, const struct record *r)
{
	struct alcm *alcm = blob->alcm;

	atomic_fetch_add_explicit(&blob->encoded_bytes, len, memory_order_relaxed);
	engine_count(alcm, WORK_N_ENCODED, 1);
	engine_count(alcm, WORK_ENCODED_BYTES, len);
	engine_count(alcm, WORK_ENCODED_STORED_BYTES, r->frame_len);
	engine_count(alcm, WORK_ENCODE_CPU_NS, r->metrics.cpu_ns);
	engine_count(alcm, WORK_N_VERIFY_FAILED, r->verify_failed);
}

int record_encode(const struct record_context *with, uint32_t chunk_no,
	const uint8_t *raw, uint32_t len, const struct record_about *about,
	struct record *out)
{
	struct alcm_blob *blob = with->blob;
	struct scratch *scratch = with->scratch;
	uint64_t start = clock_thread_cpu_ns(), off = (uint64_t)chunk_no * blob->chunk_bytes;
	/* The body is encoded in its final place, so the metrics' length must be known
	   before. */
	uint32_t metrics_len = about->tensors && about->distortion->n
		? DISK_METRICS_BYTES + DISK_DISTORTION_BYTES
		: DISK_METRICS_BYTES;
	uint8_t *metrics = scratch->frame + DISK_RECORD_BYTES, *body = metrics + metrics_len;
	const struct codec_references references = references_of(with);
	struct grid_map maps[SPAN_MAX];
	struct span spans[SPAN_MAX];
	const struct codec_context codec = { .codec = scratch->codec,
		.spans = spans,
		.n_spans = chunk_spans(about, off, len, spans),
		.references = &references };

	memset(out, 0, sizeof(*out));
	add_moments(about->cut, off, raw, len, &out->metrics.moments);
	set_grids(about, off, spans, codec.n_spans, maps);

	int err = codec_encode(&codec, raw, len, body, &out->planes);

	if (err)
		return err;
	if (blob->alcm->params.verify)
		verify(&codec, raw, len, body, scratch->raw, out);
	out->metrics.cpu_ns = clock_thread_cpu_ns() - start;
	if (about->tensors)
		out->metrics.distortion = *about->distortion;
	measure_baseline(chunk_no, raw, len, &out->metrics);

	uint32_t body_len = put_metrics(metrics, &out->metrics) + out->planes.body_len;
	struct disk_record r = {
		.chunk_no = chunk_no,
		.raw_len = len,
		.body_len = body_len,
		.metrics_len = metrics_len,
		.cpu_us = (uint32_t)min_u64(out->metrics.cpu_ns / 1000, UINT32_MAX),
		.tag = disk_tag(blob->uuid),
		.raw_hash = about->copies ? about->copies->hash : disk_hash(raw, len),
		.body_hash = disk_hash(metrics, body_len),
	};
	disk_record_put(scratch->frame, &r);
	out->frame_len = DISK_RECORD_BYTES + body_len;
	list_bases(body, out, len);
	count_encoded(blob, len, out);
	return 0;
}
