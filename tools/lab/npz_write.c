/* SPDX-License-Identifier: MIT */
/*
 * An archive in memory, allocated once with room for the worst case:
 *
 *     local record, name, extra field, .npy      for each array
 *     central record, name                       for each array
 *     end of the directory
 *
 * The extra field has both sizes in 64 bits. NumPy requests it because it doesn't know
 * the sizes beforehand. The .npy is stored or deflated. Dates are 1980-01-01, Python's
 * zipfile's default.
 *
 * The paper's baseline is numpy.savez_compressed, and its container is an .npz too. So
 * the size of a file here must be NumPy's to the byte, header padding included; a test
 * compares them. Where zlib is of another version the deflated bytes may differ, and only
 * those.
 *
 * Limits: 2 GiB for all of it, since zipfile writes other records above that, and 65,535
 * arrays. Anything more is -EFBIG before memory is allocated.
 */
#include "npz_write.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/le.h"
#include "format/zip.h"

enum {
	NPY_ALIGN = 64,
	NPY_PREFIX = 10,      /* magic, version, header length */
	NPY_MAX_HEADER = 448, /* NPZ_MAX_DIMS numbers of 20 digits, and the fixed text */
	/* digits NumPy reserves, so that the first dimension can grow */
	NPY_GROWTH = 21,
	ZIP_VERSION = 20,
	ZIP_UNIX = 3,
	ZIP_DATE_1980 = 1 << 5 | 1,
	EXTRA_BYTES = ZIP64_EXTRA_BYTES,
	/* Bytes around a member's data, without the growth of incompressible data. */
	AROUND_MEMBER = ZIP_LOCAL_BYTES + EXTRA_BYTES + ZIP_CENTRAL_BYTES +
		2 * (NPZ_MAX_NAME + 4) + NPY_PREFIX + NPY_MAX_HEADER,
};

static const uint32_t unix_mode = 0600u << 16;
/* zipfile uses larger records above this size */
static const uint64_t most_bytes = INT32_MAX;

/* A member that was written. */
struct member {
	uint64_t offset; /* of its local record */
	uint32_t size, stored_size, crc;
	enum zip_method method;
	char name[NPZ_MAX_NAME + 4];
};

struct archive {
	uint8_t *bytes;
	size_t len, capacity;
};

static uint8_t *append(struct archive *a, size_t n)
{
	uint8_t *at = a->bytes + a->len;

	memset(at, 0, n);
	a->len += n;
	return at;
}

static void append_text(struct archive *a, const char *text)
{
	size_t n = strlen(text);

	memcpy(append(a, n), text, n);
}

/* "(100, 100)", "(7,)", "()". */
static size_t print_shape(char *text, size_t capacity, const struct npz_array *array)
{
	size_t n = (size_t)snprintf(text, capacity, "(");

	for (unsigned i = 0; i < array->n_dims; i++)
		n += (size_t)snprintf(text + n, capacity - n, "%s%" PRIu64, i ? ", " : "",
			array->shape[i]);
	return n + (size_t)snprintf(text + n, capacity - n, array->n_dims == 1 ? ",)" : ")");
}

/*
 * Write the header of a .npy, version 1.0. Returns its length.
 *
 *   \x93NUMPY 1 0  len   {'descr': '<f4', 'fortran_order': False, 'shape': (100, 100), }
 *   magic, version       and blanks up to a multiple of 64 bytes, a newline at the end
 */
static size_t npy_header(uint8_t out[NPY_PREFIX + NPY_MAX_HEADER],
	const struct npz_array *array)
{
	char shape[256], text[NPY_MAX_HEADER];
	size_t len, total;
	int n;

	print_shape(shape, sizeof(shape), array);
	n = snprintf(text, sizeof(text),
		"{'descr': '%s', 'fortran_order': False, 'shape': %s, }", array->descr, shape);
	if (array->n_dims)
		n += NPY_GROWTH - snprintf(NULL, 0, "%" PRIu64, array->shape[0]);
	/* NumPy pads with a whole line if none is needed. */
	total = (NPY_PREFIX + (size_t)n + 1) / NPY_ALIGN * NPY_ALIGN + NPY_ALIGN;
	len = strlen(text);
	memcpy(out, "\x93NUMPY\x01\x00", 8);
	le_put16(out + 8, (uint16_t)(total - NPY_PREFIX));
	memset(out + NPY_PREFIX, ' ', total - NPY_PREFIX);
	memcpy(out + NPY_PREFIX, text, len);
	out[total - 1] = '\n';
	return total;
}

/* The common part of local and central records, from "version needed" to the name's
   length. */
static void put_common(uint8_t *p, const struct member *m)
{
	le_put16(p, ZIP_VERSION);
	le_put16(p + 4, (uint16_t)m->method);
	le_put16(p + 8, ZIP_DATE_1980);
	le_put32(p + 10, m->crc);
	le_put32(p + 14, m->stored_size);
	le_put32(p + 18, m->size);
	le_put16(p + 22, (uint16_t)strlen(m->name));
}

static void put_local(uint8_t *p, const struct member *m)
{
	size_t name_len = strlen(m->name);
	uint8_t *extra = p + ZIP_LOCAL_BYTES + name_len;

	le_put32(p, ZIP_LOCAL);
	put_common(p + 4, m);
	le_put16(p + 28, EXTRA_BYTES);
	memcpy(p + ZIP_LOCAL_BYTES, m->name, name_len);
	le_put16(extra, ZIP64_EXTRA);
	le_put16(extra + 2, EXTRA_BYTES - 4);
	le_put64(extra + 4, m->size);
	le_put64(extra + 12, m->stored_size);
}

static void append_central(struct archive *a, const struct member *m)
{
	uint8_t *p = append(a, ZIP_CENTRAL_BYTES);

	le_put32(p, ZIP_CENTRAL);
	p[4] = ZIP_VERSION;
	p[5] = ZIP_UNIX;
	put_common(p + 6, m);
	le_put32(p + 38, unix_mode);
	le_put32(p + 42, (uint32_t)m->offset);
	append_text(a, m->name);
}

/* Raw deflate: in a zip archive it has neither header nor checksum of its own. Level 6
   and 8 are what Python's zlib uses if nothing is said. */
static int deflate_into(struct archive *a, const uint8_t *head, size_t head_len,
	const struct npz_array *array)
{
	z_stream z = { .next_out = a->bytes + a->len,
		.avail_out = (uInt)(a->capacity - a->len) };
	int done;

	if (deflateInit2(&z, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return -ENOMEM;
	z.next_in = (z_const Bytef *)(uintptr_t)head;
	z.avail_in = (uInt)head_len;
	done = deflate(&z, Z_NO_FLUSH);
	if (done == Z_OK && z.avail_in == 0) {
		z.next_in = (z_const Bytef *)(uintptr_t)array->data;
		z.avail_in = (uInt)array->data_bytes;
		done = deflate(&z, Z_FINISH);
	}
	a->len += z.total_out;
	deflateEnd(&z);
	return done == Z_STREAM_END ? 0 : -EFBIG;
}

/* The local record is written last, when the stored size is known. */
static int append_member(struct archive *a, const struct npz_array *array,
	bool compressed, struct member *m)
{
	uint8_t head[NPY_PREFIX + NPY_MAX_HEADER];
	size_t head_len = npy_header(head, array), local = a->len, start;
	int err = 0;

	snprintf(m->name, sizeof(m->name), "%s.npy", array->name);
	m->offset = local;
	m->method = compressed ? ZIP_DEFLATED : ZIP_STORED;
	m->size = (uint32_t)(head_len + array->data_bytes);
	m->crc = (uint32_t)crc32(crc32(0, head, (uInt)head_len), array->data,
		(uInt)array->data_bytes);
	append(a, ZIP_LOCAL_BYTES + strlen(m->name) + EXTRA_BYTES);
	start = a->len;
	if (compressed) {
		err = deflate_into(a, head, head_len, array);
	} else {
		memcpy(append(a, head_len), head, head_len);
		memcpy(append(a, array->data_bytes), array->data, array->data_bytes);
	}
	m->stored_size = (uint32_t)(a->len - start);
	put_local(a->bytes + local, m);
	return err;
}

static void append_directory(struct archive *a, const struct member *members, unsigned n)
{
	size_t start = a->len;
	uint8_t *p;

	for (unsigned i = 0; i < n; i++)
		append_central(a, &members[i]);
	p = append(a, ZIP_END_BYTES);
	le_put32(p, ZIP_END);
	le_put16(p + 8, (uint16_t)n);
	le_put16(p + 10, (uint16_t)n);
	le_put32(p + 12, (uint32_t)((size_t)(p - a->bytes) - start));
	le_put32(p + 16, (uint32_t)start);
}

/* An upper bound of the archive's size; false: too large. */
static bool bound(const struct npz_array *arrays, unsigned n, uint64_t *out)
{
	uint64_t sum = ZIP_END_BYTES;

	for (unsigned i = 0; i < n; i++) {
		uint64_t bytes = arrays[i].data_bytes;

		/* zlib adds far less than 1/1000 and a few bytes. */
		if (bytes > most_bytes || !checked_add(sum, bytes + bytes / 1000 + 64, &sum) ||
			!checked_add(sum, AROUND_MEMBER, &sum))
			return false;
	}
	*out = sum;
	return sum <= most_bytes && n <= UINT16_MAX;
}

int npz_write(const struct npz_array *arrays, unsigned n, bool compressed, uint8_t **out,
	size_t *out_len)
{
	AUTO_FREE struct member *members = mem_zalloc(n, sizeof(*members));
	AUTO_FREE uint8_t *bytes = NULL;
	struct archive a = { 0 };
	uint64_t capacity;

	if (!bound(arrays, n, &capacity))
		return -EFBIG;
	bytes = mem_alloc(capacity);
	if (!members || !bytes)
		return -ENOMEM;
	a.bytes = bytes;
	a.capacity = capacity;
	for (unsigned i = 0; i < n; i++) {
		int err = append_member(&a, &arrays[i], compressed, &members[i]);

		if (err)
			return err;
	}
	append_directory(&a, members, n);
	*out = steal(bytes);
	*out_len = a.len;
	return 0;
}
