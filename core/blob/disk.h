/* SPDX-License-Identifier: MIT */
/*
 * Every byte offset, magic, version and limit of the blob's frames (docs/format.md,
 * section 2).
 *
 * disk_X_put() writes a frame's fixed part, checksum included; disk_X_get() checks one in
 * the order of the format document and fills the struct. No other file knows an offset.
 */
#ifndef ALCM_BLOB_DISK_H
#define ALCM_BLOB_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "alcm.h"
#include "codec/codec.h"
#include "lossy/distortion.h"
#include "tensor/stats.h"

enum {
	DISK_VERSION = 1,
	DISK_ALIGN = 64, /* frames start at multiples of this */
	DISK_HEADER_BYTES = 64,
	DISK_RECORD_BYTES = 64,
	DISK_METRICS_BYTES = 120,
	DISK_DISTORTION_BYTES = 64,
	DISK_LOSSY_BYTES = 136,       /* of a lossy section, before the scales */
	DISK_LOSSY_TOTALS_BYTES = 88, /* of a container's */
	DISK_INDEX_BYTES = 64,
	DISK_PLANE_BYTES = 32,
	DISK_ENTRY_BYTES = 16,
	DISK_BASE_BYTES = 24,
	DISK_TRAILER_BYTES = 128,
	DISK_MAX_PLANES = 64,
	DISK_BODY_SLACK = 4096, /* a record's body may exceed the chunk by this */
	DISK_CHUNK_LOG2_MIN = 16,
	DISK_CHUNK_LOG2_MAX = 24,
	DISK_PROFILE_MAX = 4,
	/* trying every bit of a longer index body takes too long */
	DISK_REPAIR_MAX = 16 << 10,
};

/* The largest logical size. Chunk numbers have 32 bits: small chunks allow less than the
   limit. */
#define DISK_MAX_LOGICAL ((uint64_t)1 << 50)
static inline uint64_t blob_max_size(unsigned chunk_log2)
{
	uint64_t countable = (uint64_t)1 << (32 + chunk_log2);

	return countable < DISK_MAX_LOGICAL ? countable : DISK_MAX_LOGICAL;
}

/* The result of checking bytes that should be a frame. */
enum disk_verdict {
	DISK_OK,
	DISK_NOT_OURS, /* another magic */
	DISK_CORRUPT,
	DISK_NEWER, /* intact, of a later format */
};

struct disk_header {
	uint8_t chunk_log2, profile;
	double bound; /* of the profile; 0 = it has none */
	uint8_t uuid[16];
};

struct disk_record {
	uint32_t chunk_no, raw_len, body_len, metrics_len, cpu_us;
	uint64_t tag, raw_hash, body_hash;
};

/* Section 2.3: metrics of one record, or the sum over a blob. */
struct metrics {
	struct moments moments;
	uint64_t baseline_raw, baseline_stored, baseline_cpu_ns;
	uint64_t cpu_ns, wall_ns;
	struct distortion distortion; /* n = 0: the values are as they were written */
};

struct disk_index {
	uint32_t n_entries, summary_len, n_planes;
	uint32_t lossy_len; /* of the section behind the summary; 0 = none */
	uint32_t n_bases;
	uint64_t tag, body_len, body_hash;
};

struct disk_entry {
	uint32_t chunk_no, frame_len;
	bool quantised; /* a lossy profile has seen the chunk's values */
	uint64_t off;
};

/* A record of chunk `user_chunk` refers to the record of `chunk_no` at `off`. */
struct disk_base {
	uint32_t user_chunk, chunk_no, frame_len;
	uint32_t bytes; /* that are copied */
	uint64_t off;
};

struct disk_trailer {
	uint8_t chunk_log2, profile;
	uint8_t uuid[16], boot_id[16];
	uint64_t off, index_off, size, commit_no, synced, prev, live_bytes, punched;
	uint32_t threads;
};

uint64_t disk_hash(const void *data, size_t n);

/* XXH3-128, in its canonical (big-endian) order. */
void disk_hash128(const void *data, size_t n, uint8_t out[16]);

/* The part of a uuid that records and indexes repeat. */
uint64_t disk_tag(const uint8_t uuid[16]);

void disk_header_put(uint8_t buf[DISK_HEADER_BYTES], const struct disk_header *h);
enum disk_verdict disk_header_get(struct disk_header *h, const uint8_t *buf, size_t n);

/*
 * Undo a single flipped bit, found by trying each one. False: more than one bit is wrong.
 */
bool disk_header_repair(uint8_t buf[DISK_HEADER_BYTES]);
bool disk_trailer_repair(uint8_t buf[DISK_TRAILER_BYTES]);
bool disk_index_repair(uint8_t buf[DISK_INDEX_BYTES]);
bool disk_index_body_repair(const struct disk_index *x, uint8_t *body);

/* Whether the invalid trailer at `off` once was one of this blob: only a few of the bits
   with known values differ. */
bool disk_trailer_remains(const uint8_t buf[DISK_TRAILER_BYTES], uint64_t off,
	const uint8_t uuid[16]);

/* The n bytes begin with the magic of a blob. */
bool disk_header_begins(const uint8_t *buf, size_t n);

/* Bytes with a wrong magic may be a damaged header, or one whose page never reached the
   disk. True: it is worth looking for a trailer. */
bool disk_header_suspect(const uint8_t buf[DISK_HEADER_BYTES]);

void disk_record_put(uint8_t buf[DISK_RECORD_BYTES], const struct disk_record *r);
/* `chunk_bytes` is the blob's, for the limits. */
enum disk_verdict disk_record_get(struct disk_record *r, const uint8_t *buf, size_t n,
	uint32_t chunk_bytes);

void disk_metrics_put(uint8_t buf[DISK_METRICS_BYTES], const struct metrics *m);
void disk_metrics_get(struct metrics *m, const uint8_t buf[DISK_METRICS_BYTES]);

void disk_distortion_put(uint8_t buf[DISK_DISTORTION_BYTES], const struct distortion *d);
void disk_distortion_get(struct distortion *d, const uint8_t buf[DISK_DISTORTION_BYTES]);

void disk_plane_put(uint8_t buf[DISK_PLANE_BYTES], const struct plane_use *p);
void disk_plane_get(struct plane_use *p, const uint8_t buf[DISK_PLANE_BYTES]);

void disk_entry_put(uint8_t buf[DISK_ENTRY_BYTES], const struct disk_entry *e);
void disk_entry_get(struct disk_entry *e, const uint8_t buf[DISK_ENTRY_BYTES]);

void disk_base_put(uint8_t buf[DISK_BASE_BYTES], const struct disk_base *b);
void disk_base_get(struct disk_base *b, const uint8_t buf[DISK_BASE_BYTES]);

void disk_index_put(uint8_t buf[DISK_INDEX_BYTES], const struct disk_index *x);
enum disk_verdict disk_index_get(struct disk_index *x, const uint8_t *buf, size_t n);

void disk_trailer_put(uint8_t buf[DISK_TRAILER_BYTES], const struct disk_trailer *t);
/* `off` is where the bytes were read. */
enum disk_verdict disk_trailer_get(struct disk_trailer *t, const uint8_t *buf, size_t n,
	uint64_t off);

/* The largest frame that a chunk of chunk_bytes can need, rounded up to DISK_ALIGN. */
uint64_t disk_record_bound(uint32_t chunk_bytes);

#endif
