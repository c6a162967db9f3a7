/* SPDX-License-Identifier: MIT */
/*
 * All checksums of a complete zip archive, and where they are stored:
 *
 *   end record ──► (locator ──► zip64 end record ──►) directory ──►
 *   entry ──► local record, descriptor
 *
 * The walk guesses while an archive grows. This one is about changing bytes, so it
 * accepts only what agrees in all places.
 *
 * What an archive must look like (offsets within the records, APPNOTE 6.3.9):
 *
 *   end record          counts of both kinds equal, disk 0, comment up to the file's end
 *   directory           right before the end records, and nothing behind its entries
 *   entry +16           CRC-32, place 1
 *   local record +14    CRC-32, place 2; or 0, and the descriptor has it
 *   members             don't overlap, and lie before the directory
 *
 * Anything else is refused with a reason, and the archive stays lossless. So a lossy
 * profile never has to undo half of a change: it asks here before it changes a byte.
 *
 * Sizes are limited before memory is taken for them: the directory by 256 MiB, and the
 * number of entries by the directory's length.
 */
#include "format/zip_checksums.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/le.h"
#include "format/zip.h"

enum {
	MAX_DIRECTORY = 256 << 20,
	MAX_TAIL = ZIP64_LOCATOR_BYTES + ZIP_END_BYTES + ZIP_MAX_COMMENT,
	SHORT_DESCRIPTOR = 12, /* without the signature */
};

static const char incomplete[] = "its zip directory is incomplete";
static const char unknown[] = "its zip directory can't be followed";

/* PyTorch's member: 20 digits made of the members' names, then 20 made of their
   checksums. */
static const char id_member[] = "/.data/serialization_id";

enum { ID_BYTES = 40 };

struct directory {
	const struct format_reader *file;
	uint64_t at, bytes, n_entries;
	struct checksums *out;
	struct checksum id; /* of PyTorch's id member; no places: there is none */
	struct extent {
		uint64_t begin, end; /* from the local record to the descriptor's end */
	} * extents;
};

/* ---- the end ----------------------------------------------------------------------- */

/* The locator before the end record at `at`. False: there is none. */
static bool get_locator(const struct directory *d, uint64_t at,
	uint8_t out[ZIP64_LOCATOR_BYTES])
{
	return at >= ZIP64_LOCATOR_BYTES &&
		format_read(d->file, out, ZIP64_LOCATOR_BYTES, at - ZIP64_LOCATOR_BYTES) &&
		le_get32(out) == ZIP64_LOCATOR;
}

/* Read the zip64 end record that the locator before `at` names. */
static const char *read_zip64_end(struct directory *d, const uint8_t *locator,
	uint64_t at)
{
	uint64_t end_at = le_get64(locator + 8);
	uint8_t end[56];

	if (!format_read(d->file, end, sizeof(end), end_at) || le_get32(end) != ZIP64_END ||
		le_get64(end + 4) != at - ZIP64_LOCATOR_BYTES - end_at - 12 ||
		le_get64(end + 24) != le_get64(end + 32))
		return unknown;
	d->n_entries = le_get64(end + 32);
	d->bytes = le_get64(end + 40);
	d->at = le_get64(end + 48);
	return d->bytes <= end_at && d->at == end_at - d->bytes ? NULL : unknown;
}

static const char *read_end(struct directory *d, const uint8_t *p, uint64_t at)
{
	uint8_t locator[ZIP64_LOCATOR_BYTES];

	d->n_entries = le_get16(p + 10);
	d->bytes = le_get32(p + 12);
	d->at = le_get32(p + 16);
	if (le_get16(p + 4) != 0 || le_get16(p + 6) != 0 || le_get16(p + 8) != d->n_entries)
		return unknown; /* on several disks */
	/* PyTorch writes a locator even where the numbers would fit. */
	if (get_locator(d, at, locator))
		return read_zip64_end(d, locator, at);
	return d->bytes <= at && d->at == at - d->bytes ? NULL : unknown;
}

/* Find the end record: the last one whose comment ends at the file's end. */
static const char *find_end(struct directory *d)
{
	size_t n = (size_t)min_u64(d->file->size, MAX_TAIL);
	uint64_t from = d->file->size - n;
	AUTO_FREE uint8_t *tail = mem_alloc(n + 1);

	if (!tail || !format_read(d->file, tail, n, from))
		return "its zip directory can't be read";
	for (size_t at = n < ZIP_END_BYTES ? 0 : n - ZIP_END_BYTES + 1; at-- > 0;) {
		if (le_get32(tail + at) == ZIP_END &&
			le_get16(tail + at + 20) == n - at - ZIP_END_BYTES)
			return read_end(d, tail + at, from + at);
	}
	return incomplete;
}

/* ---- entries ----------------------------------------------------------------------- */

struct entry {
	uint64_t at, size, stored_size, local; /* `at` of the entry itself */
	uint16_t flags, method;
	uint32_t crc;
	const uint8_t *name;
	unsigned name_len;
};

/* Fields that are all ones in the entry are in its zip64 field, in this order (4.5.3).
   Those that aren't are left out there, hence the count of bytes used. */
static bool get_zip64(const uint8_t *extra, size_t n, struct entry *e)
{
	uint64_t *const fields[] = { &e->size, &e->stored_size, &e->local };

	while (n >= 4) {
		size_t len = le_get16(extra + 2), used = 0;

		if (len > n - 4)
			return false;
		for (size_t i = 0; le_get16(extra) == ZIP64_EXTRA && i < 3; i++) {
			if (*fields[i] != ZIP64_IN_EXTRA)
				continue;
			if (used + 8 > len)
				return false;
			*fields[i] = le_get64(extra + 4 + used);
			used += 8;
		}
		extra += 4 + len;
		n -= 4 + len;
	}
	return true;
}

/* Read the entry at `*at` in the directory's bytes; moves `*at` behind it. */
static bool get_entry(const struct directory *d, const uint8_t *bytes, uint64_t *at,
	struct entry *e)
{
	const uint8_t *p = bytes + *at;
	uint64_t len, left = d->bytes - *at;

	if (left < ZIP_CENTRAL_BYTES || le_get32(p) != ZIP_CENTRAL)
		return false;
	e->name_len = le_get16(p + 28);
	len = ZIP_CENTRAL_BYTES + (uint64_t)e->name_len + le_get16(p + 30) + le_get16(p + 32);
	if (len > left)
		return false;
	e->at = d->at + *at;
	e->name = p + ZIP_CENTRAL_BYTES;
	e->flags = le_get16(p + 8);
	e->method = le_get16(p + 10);
	e->crc = le_get32(p + 16);
	e->stored_size = le_get32(p + 20);
	e->size = le_get32(p + 24);
	e->local = le_get32(p + 42);
	*at += len;
	return get_zip64(e->name + e->name_len, le_get16(p + 30), e);
}

static bool is_id(const struct entry *e)
{
	size_t n = sizeof(id_member) - 1;

	return e->name_len >= n && memcmp(e->name + e->name_len - n, id_member, n) == 0;
}

/* ---- members ----------------------------------------------------------------------- */

/*
 * Read the descriptor behind a member's bytes, which end at `*end`; moves that behind it.
 */
static bool get_descriptor(const struct directory *d, const struct entry *e,
	uint64_t *end, uint64_t *place)
{
	uint8_t p[ZIP64_DESCRIPTOR_BYTES] = { 0 };
	size_t n = (size_t)min_u64(sizeof(p), d->at - *end);
	bool has_signature;

	if (n < SHORT_DESCRIPTOR || !format_read(d->file, p, n, *end))
		return false;
	has_signature = le_get32(p) == ZIP_DESCRIPTOR;
	*place = *end + (has_signature ? 4 : 0);
	/* Nothing tells whether lengths have four or eight bytes; this many belong to it in
	   any case. */
	*end += has_signature ? ZIP_DESCRIPTOR_BYTES : SHORT_DESCRIPTOR;
	return *end <= d->at && le_get32(p + (has_signature ? 4 : 0)) == e->crc;
}

/* The checksum of a stored member, and the extent of the member in the file. */
static bool get_member(const struct directory *d, const struct entry *e,
	struct checksum *sum, struct extent *extent)
{
	uint8_t p[ZIP_LOCAL_BYTES];
	uint64_t place = e->local + 14, end;

	if (e->local >= d->at || d->at - e->local < sizeof(p) ||
		!format_read(d->file, p, sizeof(p), e->local) || le_get32(p) != ZIP_LOCAL ||
		le_get16(p + 8) != ZIP_STORED || le_get16(p + 26) != e->name_len ||
		e->size != e->stored_size)
		return false;
	*sum = (struct checksum){
		.offset = e->local + sizeof(p) + le_get16(p + 26) + le_get16(p + 28),
		.bytes = e->size,
		.crc = e->crc,
		.n_places = 2,
		.places = { e->at + 16 },
	};
	if (sum->offset > d->at || e->size > d->at - sum->offset)
		return false;
	end = sum->offset + e->size;
	if (le_get16(p + 6) & ZIP_FLAG_DESCRIPTOR) {
		/* A checksum in the local record as well would be one that no reader uses, so it
		   isn't clear which one counts. */
		if (le_get32(p + 14) != 0 || !get_descriptor(d, e, &end, &place))
			return false;
	} else if (le_get32(p + 14) != e->crc) {
		return false;
	}
	sum->places[1] = place;
	*extent = (struct extent){ e->local, end };
	return true;
}

static int by_offset(const void *a, const void *b)
{
	const struct checksum *x = a, *y = b;

	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static int by_begin(const void *a, const void *b)
{
	const struct extent *x = a, *y = b;

	return x->begin < y->begin ? -1 : x->begin > y->begin;
}

/* Whether members don't overlap, so that no checksum lies in another member's bytes. */
static bool disjoint(const struct directory *d)
{
	for (size_t i = 1; i < d->out->n; i++) {
		if (d->extents[i].begin < d->extents[i - 1].end)
			return false;
	}
	return true;
}

/* The way that PyTorch's writer combines checksums (caffe2/serialize/inline_container.cc,
   c10/util/hash.h). */
void checksums_digest(const struct checksums *sums, char out[DIGEST_CHARS])
{
	char text[DIGEST_CHARS + 1];
	uint64_t hash = 0;

	for (size_t i = 0; i < sums->n; i++) {
		const struct checksum *s = &sums->items[i];

		if (sums->digest_at < s->offset || sums->digest_at >= s->offset + s->bytes)
			hash ^= (uint64_t)s->crc + 0x9e3779b9 + (hash << 6) + (hash >> 2);
	}
	(void)snprintf(text, sizeof(text), "%020" PRIu64, hash);
	memcpy(out, text, DIGEST_CHARS);
}

/* A digest that doesn't match now couldn't be updated: its rule isn't the known one. The
   member with the digest is left out of the sum, as it would depend on itself. */
static const char *read_id(struct directory *d)
{
	char want[DIGEST_CHARS], found[DIGEST_CHARS];

	d->out->digest_at = d->id.offset + ID_BYTES - DIGEST_CHARS;
	checksums_digest(d->out, want);
	if (d->id.bytes != ID_BYTES ||
		!format_read(d->file, found, sizeof(found), d->out->digest_at) ||
		memcmp(found, want, sizeof(want)) != 0)
		return "its serialization_id doesn't match its checksums";
	return NULL;
}

static const char *read_entries(struct directory *d, const uint8_t *bytes)
{
	uint64_t at = 0;

	for (uint64_t i = 0; i < d->n_entries; i++) {
		struct entry e;

		if (!get_entry(d, bytes, &at, &e))
			return unknown;
		if (e.method != ZIP_STORED || e.flags & ZIP_FLAG_ENCRYPTED)
			continue;
		if (!get_member(d, &e, &d->out->items[d->out->n], &d->extents[d->out->n]))
			return unknown;
		if (is_id(&e))
			d->id = d->out->items[d->out->n];
		d->out->n++;
	}
	/* Anything behind the entries would be a signature of the directory. */
	if (at != d->bytes)
		return unknown;
	if (d->out->n) {
		qsort(d->out->items, d->out->n, sizeof(*d->out->items), by_offset);
		qsort(d->extents, d->out->n, sizeof(*d->extents), by_begin);
	}
	if (!disjoint(d))
		return unknown;
	return d->id.n_places ? read_id(d) : NULL;
}

static const char *read_directory(struct directory *d)
{
	AUTO_FREE uint8_t *bytes = NULL;

	if (d->bytes > MAX_DIRECTORY || d->n_entries > d->bytes / ZIP_CENTRAL_BYTES)
		return unknown;
	bytes = mem_alloc(d->bytes + 1);
	d->out->items = mem_alloc((d->n_entries + 1) * sizeof(*d->out->items));
	d->extents = mem_alloc((d->n_entries + 1) * sizeof(*d->extents));
	if (!bytes || !d->out->items || !d->extents ||
		!format_read(d->file, bytes, d->bytes, d->at))
		return "its zip directory can't be read";
	return read_entries(d, bytes);
}

bool zip_checksums(const struct format_reader *file, struct checksums *out,
	const char **why)
{
	struct directory d = { .file = file, .out = out };

	*out = (struct checksums){ 0 };
	*why = find_end(&d);
	if (!*why)
		*why = read_directory(&d);
	mem_free(d.extents);
	if (*why) {
		mem_free(out->items);
		*out = (struct checksums){ 0 };
	}
	return !*why;
}
