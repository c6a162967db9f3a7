/* SPDX-License-Identifier: MIT */
/*
 * From the end record to the directory, to the member's entry, to its local record, to its bytes.
 * Sizes are the directory's; those in local records may be missing, and are not looked at.
 */
#include "format/npz.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/diag.h"
#include "base/le.h"
#include "format/npy.h"
#include "format/zip.h"
#include "tensor/values.h"

enum { NPY_MAX_PREFIX = 10 + 65535 }; /* of a .npy of version 1.0 */

struct archive {
	const uint8_t *bytes;
	size_t len;
	uint64_t directory, directory_end;
	const char *wanted;
	struct alcm_diag *diag;
};

/* The directory's entry of the wanted member. */
struct entry {
	uint16_t flags, method;
	uint32_t crc, stored_size, size, local;
};

/* The comma tells the compiler that this is no success. */
#define BAD(a, fmt, ...)                                        \
	(diag_set((a)->diag, -EINVAL, 0, "member %s.npy: " fmt, \
		 (a)->wanted __VA_OPT__(, ) __VA_ARGS__),       \
		-EINVAL)

/* The end record: the last place that looks like one and whose comment fills the file. */
static int find_directory(struct archive *a)
{
	size_t least = a->len > ZIP_END_BYTES + ZIP_MAX_COMMENT
		? a->len - ZIP_END_BYTES - ZIP_MAX_COMMENT
		: 0;

	for (size_t at = a->len; at-- > least;) {
		const uint8_t *p = a->bytes + at;
		size_t left = a->len - at;

		if (left < ZIP_END_BYTES || le_get32(p) != ZIP_END ||
			le_get16(p + 20) != left - ZIP_END_BYTES)
			continue;
		a->directory = le_get32(p + 16);
		a->directory_end = a->directory + le_get32(p + 12);
		if (a->directory_end > at)
			return diag_set(a->diag, -EINVAL, at,
				"the zip archive's directory is not before its end record");
		return 0;
	}
	return diag_set(a->diag, -EINVAL, 0, "no zip archive: it has no end record");
}

static bool is_wanted(const struct archive *a, const uint8_t *name, size_t len)
{
	size_t n = strlen(a->wanted);

	return len == n + 4 && memcmp(name, a->wanted, n) == 0 && memcmp(name + n, ".npy", 4) == 0;
}

static int find_entry(const struct archive *a, struct entry *out)
{
	uint64_t at = a->directory;

	while (a->directory_end - at >= ZIP_CENTRAL_BYTES) {
		const uint8_t *p = a->bytes + at;
		uint64_t name_len, size;

		if (le_get32(p) != ZIP_CENTRAL)
			break;
		name_len = le_get16(p + 28);
		size = ZIP_CENTRAL_BYTES + name_len + le_get16(p + 30) + le_get16(p + 32);
		if (size > a->directory_end - at)
			break;
		if (is_wanted(a, p + ZIP_CENTRAL_BYTES, name_len)) {
			out->flags = le_get16(p + 8);
			out->method = le_get16(p + 10);
			out->crc = le_get32(p + 16);
			out->stored_size = le_get32(p + 20);
			out->size = le_get32(p + 24);
			out->local = le_get32(p + 42);
			return 0;
		}
		at += size;
	}
	if (at != a->directory_end)
		return BAD(a, "not found: the archive's directory is damaged");
	return BAD(a, "not in the archive");
}

/* Where the member's bytes lie, all of them within the archive. */
static int find_bytes(const struct archive *a, const struct entry *e, const uint8_t **out)
{
	uint64_t at = e->local, left;
	const uint8_t *p;

	if (at > a->directory || a->directory - at < ZIP_LOCAL_BYTES ||
		le_get32(a->bytes + at) != ZIP_LOCAL)
		return BAD(a, "no local record at byte %" PRIu64 ", where it should be", at);
	p = a->bytes + at;
	at += ZIP_LOCAL_BYTES + (uint64_t)le_get16(p + 26) + le_get16(p + 28);
	left = at < a->directory ? a->directory - at : 0;
	if (e->stored_size > left)
		return BAD(a, "%" PRIu32 " bytes, but only %" PRIu64 " are there", e->stored_size,
			left);
	*out = a->bytes + at;
	return 0;
}

static int inflate_all(const struct archive *a, const struct entry *e, const uint8_t *in,
	uint8_t *out)
{
	z_stream z = { .next_in = (z_const Bytef *)(uintptr_t)in,
		.avail_in = e->stored_size,
		.next_out = out,
		.avail_out = e->size };
	int done;

	if (inflateInit2(&z, -15) != Z_OK)
		return -ENOMEM;
	done = inflate(&z, Z_FINISH);
	inflateEnd(&z);
	if (done == Z_MEM_ERROR)
		return -ENOMEM;
	if (done != Z_STREAM_END || z.avail_out || z.avail_in)
		return BAD(a, "the deflated bytes are damaged");
	return 0;
}

/* The member's .npy, which must not have more than `most` bytes; freed with mem_free(). */
static int extract(const struct archive *a, const struct entry *e, uint64_t most, uint8_t **out)
{
	AUTO_FREE uint8_t *npy = NULL;
	const uint8_t *stored;
	int err = find_bytes(a, e, &stored);

	if (err)
		return err;
	if (e->flags & ZIP_FLAG_ENCRYPTED)
		return BAD(a, "encrypted");
	if (e->method != ZIP_STORED && e->method != ZIP_DEFLATED)
		return BAD(a, "compressed by method %u, not stored or deflated", e->method);
	if (e->size > most)
		return BAD(a, "%" PRIu32 " bytes, more than its shape needs", e->size);
	if (e->method == ZIP_STORED && e->size != e->stored_size)
		return BAD(a, "stored with two different sizes");
	npy = mem_alloc(e->size);
	if (!npy)
		return -ENOMEM;
	if (e->method == ZIP_STORED)
		memcpy(npy, stored, e->size);
	else
		err = inflate_all(a, e, stored, npy);
	if (err)
		return err;
	if (crc32(0, npy, e->size) != e->crc)
		return BAD(a, "the checksum is wrong");
	*out = steal(npy);
	return 0;
}

static void print_shape(char text[64], unsigned n_dims, const uint64_t *shape)
{
	size_t n = 0, room = 64;

	text[0] = '\0';
	for (unsigned i = 0; i < n_dims && n < room; i++)
		n += (size_t)snprintf(text + n, room - n, "%s%" PRIu64, i ? ", " : "", shape[i]);
}

static int check_layout(const struct archive *a, const struct layout *l, uint64_t size,
	unsigned n_dims, const uint64_t *shape)
{
	char is[64], wanted[64];

	print_shape(is, l->n_dims, l->shape);
	print_shape(wanted, n_dims, shape);
	if (l->n_dims != n_dims ||
		(n_dims && memcmp(l->shape, shape, n_dims * sizeof(*shape)) != 0))
		return BAD(a, "shape (%s) instead of (%s)", is, wanted);
	if (dtype_get(l->dtype)->width_bytes != l->elem_bytes)
		return BAD(a, "type '%s' is no real number", l->dtype_text);
	if (l->data_bytes > size - l->data_offset)
		return BAD(a, "cut short");
	return 0;
}

/* Index in C order → index in Fortran order, of the same element. */
static uint64_t fortran_index(uint64_t index, unsigned n_dims, const uint64_t *shape)
{
	uint64_t out = 0, stride = 1, at[NPZ_MAX_DIMS];

	for (unsigned i = n_dims; i-- > 0; index /= shape[i])
		at[i] = index % shape[i];
	for (unsigned i = 0; i < n_dims; stride *= shape[i++])
		out += at[i] * stride;
	return out;
}

static bool convert(const struct layout *l, const uint8_t *data, uint64_t n, double *out)
{
	bool known = true;

	for (uint64_t i = 0; i < n && known; i++) {
		uint64_t k = l->fortran_order ? fortran_index(i, l->n_dims, l->shape) : i;

		known = values_get(out + i, data + k * l->elem_bytes, 1, l->dtype, l->big_endian);
	}
	return known;
}

int npz_read(const uint8_t *file, size_t len, const char *name, unsigned n_dims,
	const uint64_t *shape, double *out, struct alcm_diag *diag)
{
	struct archive a = { .bytes = file, .len = len, .wanted = name, .diag = diag };
	AUTO_FREE uint8_t *npy = NULL;
	AUTO_FREE double *values = NULL;
	struct layout layout = { 0 };
	uint64_t n = 1, most;
	struct entry entry;
	int err;

	for (unsigned i = 0; i < n_dims; i++) {
		if (!checked_mul(n, shape[i], &n))
			return -EINVAL;
	}
	if (!checked_mul(n, sizeof(double), &most) || !checked_add(most, NPY_MAX_PREFIX, &most))
		return -EINVAL;
	err = find_directory(&a);
	if (!err)
		err = find_entry(&a, &entry);
	if (!err)
		err = extract(&a, &entry, most, &npy);
	if (err)
		return err;
	if (!npy_parse(npy, entry.size, &layout))
		return BAD(&a, "its bytes are no .npy of numbers");
	err = check_layout(&a, &layout, entry.size, n_dims, shape);
	if (err)
		return err;
	values = mem_alloc(n * sizeof(*values));
	if (!values)
		return -ENOMEM;
	if (!convert(&layout, npy + layout.data_offset, n, values))
		return BAD(&a, "type '%s' is no real number", layout.dtype_text);
	memcpy(out, values, n * sizeof(*values));
	return 0;
}
