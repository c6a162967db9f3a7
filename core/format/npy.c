/* SPDX-License-Identifier: MIT */
/*
 * The header of a .npy is a Python dict literal. A small recursive-descent reader takes
 * the three keys out of it. The reader never looks beyond `end`, and stops for good at
 * the first unknown thing (`bad`): such a file is plain bytes.
 *
 *   magic │ version │ len │ {'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }
 *
 *   offset  size   field
 *   0       6      magic "\x93NUMPY"
 *   6       2      version: 1, 2 or 3, and 0
 *   8       2, 4   len of the dict with its padding; 2 bytes in version 1
 *   10, 12  len    the dict, then blanks up to a newline
 *
 * Once `bad` is set peek() returns −1 at every call, so all loops end and callers need to
 * test it only before they use what was read.
 *
 * A descr is a simple type or a list of fields, which may nest:
 *
 *   '<f4'                                      four bytes
 *   [('x', '<f4'), ('y', '<i2', (3,))]         4 + 3 · 2 = 10 bytes, opaque
 *   [('p', [('a', '|u1'), ('b', '<f8')])]      1 + 8 = 9 bytes, opaque
 *
 * Of a structured type only the size matters: its items are coded as records of so many
 * bytes. Sizes are added with overflow checks and limited by NumPy's own limit.
 */
#include "format/npy.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/le.h"

enum {
	START_BYTES = 12,     /* magic, version and length of the header */
	MAX_HEADER = 1 << 20, /* the longest header of a tensor, start included */
	MAX_DEPTH = 16,
	MAX_TEXT = 256,
	MAX_ITEM = INT32_MAX, /* NumPy's own limit of an item's bytes */
};

struct reader {
	const uint8_t *at, *end;
	bool bad;
};

/* The meaning of a descr. */
struct descr {
	enum dtype_id dtype;
	uint64_t elem_bytes;
	bool big_endian, opaque;
	char text[64];
};

/* The next character that isn't a blank; -1 at the end or after an error. */
static int peek(struct reader *r)
{
	while (r->at < r->end && (*r->at == ' ' || *r->at == '\n' || *r->at == '\t'))
		r->at++;
	return r->at < r->end && !r->bad ? *r->at : -1;
}

static bool accept(struct reader *r, int c)
{
	if (peek(r) != c)
		return false;
	r->at++;
	return true;
}

static void expect(struct reader *r, int c)
{
	if (!accept(r, c))
		r->bad = true;
}

/*
 * Read a quoted string without its quotes. Long ones are cut off, as names may be long.
 */
static void read_string(struct reader *r, char text[MAX_TEXT])
{
	int quote = peek(r);
	size_t n = 0;

	if (quote != '\'' && quote != '"') {
		r->bad = true;
		return;
	}
	r->at++;
	while (r->at < r->end && *r->at != quote) {
		if (*r->at == '\\' && ++r->at == r->end)
			break;
		if (n + 1 < MAX_TEXT)
			text[n++] = (char)*r->at;
		r->at++;
	}
	text[n] = '\0';
	if (r->at == r->end)
		r->bad = true;
	else
		r->at++;
}

/* Overflow makes the header bad. */
static uint64_t read_number(struct reader *r)
{
	uint64_t v = 0;
	bool any = false;

	for (int c = peek(r); c >= '0' && c <= '9'; c = r->at < r->end ? *r->at : -1) {
		any = true;
		if (!checked_mul(v, 10, &v) || !checked_add(v, (uint64_t)(c - '0'), &v))
			r->bad = true;
		r->at++;
	}
	if (r->at < r->end && *r->at == 'L') /* as Python 2 wrote them */
		r->at++;
	if (!any)
		r->bad = true;
	return v;
}

/* Read a tuple of integers; returns how many. */
static unsigned read_shape(struct reader *r, uint64_t shape[ALCM_MAX_DIMS])
{
	unsigned n = 0;

	expect(r, '(');
	while (!r->bad && peek(r) != ')') {
		if (n == ALCM_MAX_DIMS) {
			r->bad = true;
			break;
		}
		shape[n++] = read_number(r);
		if (!accept(r, ','))
			break;
	}
	expect(r, ')');
	return n;
}

/* After the width comes nothing, or the unit of a time: "[ns]", "[25s]". */
static bool ends_well(char kind, const char *rest)
{
	size_t n = strlen(rest);

	return n == 0 ||
		((kind == 'm' || kind == 'M') && n >= 3 && rest[0] == '[' && rest[n - 1] == ']');
}

/* NumPy has no name for bfloat16. ml_dtypes writes it with a byte order, "<V2". Two raw
   bytes have none, "|V2"; they are often bfloat16 as well, but may be anything. */
static bool is_opaque(char order, char kind)
{
	return kind == 'V' && order != '<' && order != '>';
}

/* Read a simple descr such as "<f4" or "|S7". */
static void describe(struct reader *r, const char *text, struct descr *d)
{
	const char *p = text;
	uint64_t width = 0;
	bool digits = false;

	memset(d, 0, sizeof(*d));
	snprintf(d->text, sizeof(d->text), "%.63s", text);
	d->big_endian = *p == '>';
	if (*p && strchr("<>|=", *p))
		p++;

	char kind = *p ? *p++ : '\0';

	for (; *p >= '0' && *p <= '9' && width <= MAX_ITEM; p++) {
		width = width * 10 + (uint64_t)(*p - '0');
		digits = true;
	}
	if (kind == '?')
		width = 1;
	else if (!digits || !kind || !strchr("biufcmMSUaV", kind))
		r->bad = true; /* 'O' is a pickle; others don't exist */
	if (!ends_well(kind, p))
		r->bad = true;
	d->opaque = is_opaque(*text, kind);
	d->dtype = dtype_by_npy_kind(kind, width);
	d->elem_bytes = kind == 'U' ? 4 * width : width;
	if (d->elem_bytes > MAX_ITEM)
		r->bad = true;
	if (d->dtype == DTYPE_BYTES && kind != 'S' && kind != 'a' && kind != 'U' &&
		kind != 'V')
		r->bad = true;
}

static uint64_t record_bytes(struct reader *r, unsigned depth);

/* Bytes of one field: its type is a string, a nested list, or (type, shape). */
static uint64_t field_bytes(struct reader *r, unsigned depth)
{
	char text[MAX_TEXT];
	struct descr d;

	if (depth > MAX_DEPTH) { /* both ways of nesting pass here */
		r->bad = true;
		return 0;
	}
	if (peek(r) == '[')
		return record_bytes(r, depth + 1);
	if (accept(r, '(')) {
		uint64_t shape[ALCM_MAX_DIMS], bytes = field_bytes(r, depth + 1);

		expect(r, ',');

		unsigned n = r->bad ? 0 : read_shape(r, shape);

		for (unsigned i = 0; i < n; i++)
			r->bad |= !checked_mul(bytes, shape[i], &bytes);
		accept(r, ',');
		expect(r, ')');
		return bytes;
	}
	text[0] = '\0';
	read_string(r, text);
	if (!r->bad)
		describe(r, text, &d);
	return r->bad ? 0 : d.elem_bytes;
}

/* Read a structured descr, a list of (name, type) or (name, type, shape); returns its
   item size. */
static uint64_t record_bytes(struct reader *r, unsigned depth)
{
	char text[MAX_TEXT];
	uint64_t total = 0;

	expect(r, '[');
	while (!r->bad && peek(r) != ']') {
		uint64_t shape[ALCM_MAX_DIMS], bytes;

		expect(r, '(');
		if (accept(r, '(')) { /* (title, name) */
			read_string(r, text);
			expect(r, ',');
			read_string(r, text);
			expect(r, ')');
		} else if (!r->bad) {
			read_string(r, text);
		}
		expect(r, ',');
		bytes = r->bad ? 0 : field_bytes(r, depth);
		if (accept(r, ',') && peek(r) == '(') {
			unsigned n = read_shape(r, shape);

			for (unsigned i = 0; i < n; i++)
				r->bad |= !checked_mul(bytes, shape[i], &bytes);
			accept(r, ',');
		}
		expect(r, ')');
		r->bad |= !checked_add(total, bytes, &total) || total > MAX_ITEM;
		if (!accept(r, ','))
			break;
	}
	expect(r, ']');
	return total;
}

/* A structured type is opaque elements, and its text is cut to fit. */
static void read_descr(struct reader *r, struct descr *d)
{
	char text[MAX_TEXT];

	if (peek(r) != '[') {
		text[0] = '\0';
		read_string(r, text);
		if (!r->bad)
			describe(r, text, d);
		return;
	}

	const uint8_t *start = r->at;

	memset(d, 0, sizeof(*d));
	d->elem_bytes = record_bytes(r, 0);
	d->dtype = DTYPE_BYTES;
	snprintf(d->text, sizeof(d->text), "%.*s",
		(int)(r->at - start < 63 ? r->at - start : 63), (const char *)start);
}

static bool read_bool(struct reader *r)
{
	size_t left;

	(void)peek(r);
	left = (size_t)(r->end - r->at);
	if (left >= 4 && memcmp(r->at, "True", 4) == 0) {
		r->at += 4;
		return true;
	}
	if (left >= 5 && memcmp(r->at, "False", 5) == 0)
		r->at += 5;
	else
		r->bad = true;
	return false;
}

/* All three keys must be there, and no others. */
static bool read_dict(struct reader *r, struct descr *d, struct npy *out)
{
	unsigned seen = 0;

	expect(r, '{');
	while (!r->bad && peek(r) != '}') {
		char key[MAX_TEXT] = "";

		read_string(r, key);
		expect(r, ':');
		if (r->bad)
			break;
		if (strcmp(key, "descr") == 0) {
			seen |= 1;
			read_descr(r, d);
		} else if (strcmp(key, "fortran_order") == 0) {
			seen |= 2;
			out->fortran_order = read_bool(r);
		} else if (strcmp(key, "shape") == 0) {
			seen |= 4;
			out->n_dims = read_shape(r, out->shape);
		} else {
			r->bad = true;
		}
		if (!accept(r, ','))
			break;
	}
	expect(r, '}');
	if (peek(r) != -1)
		r->bad = true; /* only padding may follow */
	return !r->bad && seen == 7;
}

/* Bytes of an array; UINT64_MAX if that overflows. A dimension of 0 makes it empty,
   whatever the others are. One that is longer than its file is no fault: the file may
   still grow, and its present bytes are elements in any case. */
static uint64_t array_bytes(uint64_t elem_bytes, const uint64_t *shape, unsigned n_dims)
{
	uint64_t bytes = elem_bytes;
	bool fits = true;

	for (unsigned i = 0; i < n_dims; i++) {
		if (!shape[i])
			return 0;
		fits = fits && checked_mul(bytes, shape[i], &bytes);
	}
	return fits ? bytes : UINT64_MAX;
}

/* Where the dict begins; the version decides how long its length field is. */
static size_t dict_offset(const uint8_t *start)
{
	return start[6] == 1 ? 10 : 12;
}

/* Where it ends and the array begins. */
static uint64_t data_offset(const uint8_t *start)
{
	return dict_offset(start) +
		(start[6] == 1 ? le_get16(start + 8) : le_get32(start + 8));
}

bool npy_parse(const uint8_t *prefix, size_t n, struct npy *out)
{
	struct descr d;

	memset(out, 0, sizeof(*out));
	if (n < START_BYTES || memcmp(prefix, "\x93NUMPY", 6) != 0 || prefix[6] < 1 ||
		prefix[6] > 3 || prefix[7] != 0 || data_offset(prefix) > n)
		return false;

	struct reader r = { prefix + dict_offset(prefix), prefix + data_offset(prefix),
		false };

	if (!read_dict(&r, &d, out) || !d.elem_bytes)
		return false;
	snprintf(out->dtype_text, sizeof(out->dtype_text), "%s", d.text);
	out->dtype = d.dtype;
	out->elem_bytes = (uint32_t)d.elem_bytes;
	out->big_endian = d.big_endian;
	out->opaque = d.opaque;
	out->data_offset = data_offset(prefix);
	out->data_bytes = array_bytes(d.elem_bytes, out->shape, out->n_dims);
	return true;
}

static uint64_t row_elems(const struct npy *npy)
{
	return segments_row_elems(npy->shape, npy->n_dims, npy->fortran_order);
}

struct segment npy_segment(const struct npy *npy)
{
	return (struct segment){
		.offset = npy->data_offset,
		.bytes = npy->data_bytes,
		.elem_bytes = npy->elem_bytes,
		.row_len = segments_row_len(row_elems(npy), npy->dtype, npy->elem_bytes),
		.dtype = (uint8_t)npy->dtype,
		.big_endian = npy->big_endian,
		.opaque = npy->opaque,
	};
}

int npy_add(struct segments *list, const struct npy *npy, uint64_t off, const char *name,
	size_t name_len)
{
	struct segment_about a = { .name = name,
		.name_len = name_len,
		.type = npy->dtype_text,
		.dtype = npy->dtype,
		.elem_bytes = npy->elem_bytes,
		.big_endian = npy->big_endian,
		.opaque = npy->opaque,
		.order = npy->fortran_order ? ORDER_FORTRAN : ORDER_C,
		.row_elems = row_elems(npy),
		.n_dims = npy->n_dims,
		.shape = npy->shape,
		.offset = off + npy->data_offset,
		.bytes = npy->data_bytes };

	return segments_add(list, &a);
}

/* The header is read once all of it is there: `wants` says when. */
void npy_walk(struct tensor_map *map, const struct format_reader *file)
{
	uint8_t start[START_BYTES];
	AUTO_FREE uint8_t *prefix = NULL;
	struct npy npy;

	map->head_bytes = map->wants = sizeof(start);
	if (!format_read(file, start, sizeof(start), 0))
		return;
	map->head_bytes = map->wants = data_offset(start);
	/* A longer header isn't a tensor's. The limit also bounds the memory that the length
	   field of a hostile file can ask for. */
	if (map->head_bytes > MAX_HEADER) {
		map->wants = TENSOR_MAP_DONE;
		return;
	}
	if (file->size < map->head_bytes)
		return;
	map->wants = TENSOR_MAP_DONE;
	prefix = mem_alloc(map->head_bytes);
	if (prefix && format_read(file, prefix, map->head_bytes, 0) &&
		npy_parse(prefix, map->head_bytes, &npy))
		(void)npy_add(&map->segments, &npy, 0, "", 0);
}
