/* SPDX-License-Identifier: MIT */
/*
 * A small JSON reader takes the header of a safetensors file apart. It never looks beyond
 * `end`, and stops for good at the first thing that the format doesn't allow (`bad`):
 * then no tensor is known. It doesn't copy strings, and an unknown key's value is
 * skipped.
 *
 *   offset  size   field
 *   0       8      N, little-endian
 *   8       N      {"w":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}, …}, blanks
 *   8 + N          the tensors; data_offsets count from here
 *
 * A header counts as a whole: after an error in one tensor the places of the others can't
 * be trusted. Tensors may lie behind the file's present end, as the header is written
 * first. Whether they overlap is tested for all formats alike (segments_sort()).
 *
 * Names and keys are compared and kept with their escapes. Those of tensors are only
 * shown, and no key that matters here has any.
 */
#include "format/safetensors.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/le.h"

enum {
	LENGTH_BYTES = 8,
	MAX_HEADER = 100000000, /* the format's own limit */
	MAX_DEPTH = 32,
	MAX_KEY = 4096,
};

struct reader {
	const char *at, *end;
	bool bad;
	unsigned bits;         /* of an element of the tensor being read; 0: unknown */
	char unknown_type[16]; /* the unknown type's name, as far as it fits */
};

/* Packed types, which are bytes here. */
static const struct {
	const char *name;
	uint8_t bits; /* of an element */
} packed[] = { { "F6_E2M3", 6 }, { "F6_E3M2", 6 }, { "F4", 4 } };

bool safetensors_begins(const uint8_t *prefix, size_t n)
{
	uint64_t len;

	if (n < LENGTH_BYTES + 2)
		return false;
	len = le_get64(prefix);
	return len >= 2 && len <= MAX_HEADER && prefix[8] == '{' &&
		(prefix[9] == '"' || prefix[9] == '}' || prefix[9] == ' ' || prefix[9] == '\n');
}

/* ---- JSON -------------------------------------------------------------------------- */

/* The next character that isn't a blank; -1 at the end or after an error. */
static int peek(struct reader *r)
{
	while (r->at < r->end &&
		(*r->at == ' ' || *r->at == '\n' || *r->at == '\r' || *r->at == '\t'))
		r->at++;
	return r->at < r->end && !r->bad ? (unsigned char)*r->at : -1;
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

/* Read a string as it is between its quotes, escapes included. An escaped character is
   stepped over together with its backslash, so that \" doesn't end the string. */
static void read_string(struct reader *r, const char **text, size_t *len)
{
	expect(r, '"');
	*text = r->at;
	while (r->at < r->end && *r->at != '"')
		r->at += *r->at == '\\' && r->end - r->at > 1 ? 2 : 1;
	*len = (size_t)(r->at - *text);
	if (r->at >= r->end)
		r->bad = true;
	else
		r->at++;
}

static uint64_t read_number(struct reader *r)
{
	uint64_t v = 0;
	bool any = false;

	for (int c = peek(r); c >= '0' && c <= '9'; c = r->at < r->end ? *r->at : -1) {
		any = true;
		r->bad |= !checked_mul(v, 10, &v) || !checked_add(v, (uint64_t)(c - '0'), &v);
		r->at++;
	}
	r->bad |= !any;
	return v;
}

/* Read a list of at most `capacity` numbers; returns how many. */
static unsigned read_numbers(struct reader *r, uint64_t *out, unsigned capacity)
{
	unsigned n = 0;

	expect(r, '[');
	if (accept(r, ']'))
		return 0;
	do {
		uint64_t v = read_number(r);

		r->bad |= n == capacity;
		if (!r->bad)
			out[n++] = v;
	} while (!r->bad && accept(r, ','));
	expect(r, ']');
	return n;
}

/* Skip any value. The depth is limited, as the reader is recursive. */
static void skip_value(struct reader *r, unsigned depth)
{
	int open = peek(r), close = open == '{' ? '}' : ']';
	const char *text;
	size_t len;

	if (depth > MAX_DEPTH || open < 0) {
		r->bad = true;
	} else if (open == '"') {
		read_string(r, &text, &len);
	} else if (open == '{' || open == '[') {
		r->at++;
		if (accept(r, close))
			return;
		do {
			if (open == '{') {
				read_string(r, &text, &len);
				expect(r, ':');
			}
			skip_value(r, depth + 1);
		} while (!r->bad && accept(r, ','));
		expect(r, close);
	} else { /* a number, true, false, null */
		const char *start = r->at;

		while (r->at < r->end && !strchr(",]} \n\r\t", *r->at))
			r->at++;
		r->bad |= r->at == start;
	}
}

/* ---- the header -------------------------------------------------------------------- */

static bool is(const char *text, size_t len, const char *want)
{
	return len == strlen(want) && memcmp(text, want, len) == 0;
}

static void set_type(struct reader *r, const char *text, size_t len,
	struct segment_about *out)
{
	struct dtype_named type;

	if (dtype_by_name(DTYPE_IN_SAFETENSORS, text, len, &type)) {
		out->type = type.name;
		out->dtype = type.id;
		out->elem_bytes = type.elem_bytes;
		r->bits = 8 * type.elem_bytes;
		return;
	}
	out->dtype = DTYPE_BYTES;
	out->elem_bytes = 1;
	for (unsigned i = 0; i < sizeof(packed) / sizeof(packed[0]); i++) {
		if (!is(text, len, packed[i].name))
			continue;
		out->type = packed[i].name;
		r->bits = packed[i].bits;
		return;
	}
	/* An unknown, perhaps newer type: bytes of unknown width. */
	snprintf(r->unknown_type, sizeof(r->unknown_type), "%.*s", (int)min_u64(len, 15),
		text);
	out->type = r->unknown_type;
	r->bits = 0;
	r->bad |= !len;
}

/* Whether the shape fills the bytes exactly. For unknown types it can't be checked. In
   bits, because elements of the packed types have four or six: [3] of F4 fills no whole
   number of bytes and is refused. */
static bool fills(const struct reader *r, const struct segment_about *a)
{
	uint64_t bits = r->bits, bits_there;

	if (!bits)
		return true;
	for (unsigned i = 0; i < a->n_dims; i++) {
		if (!checked_mul(bits, a->shape[i], &bits))
			return false;
	}
	return checked_mul(a->bytes, 8, &bits_there) && bits == bits_there;
}

/* {"dtype":…, "shape":[…], "data_offsets":[begin, end]}, the offsets from `base` on. */
static void read_tensor(struct reader *r, uint64_t base, struct segment_about *a,
	uint64_t shape[ALCM_MAX_DIMS])
{
	uint64_t place[2] = { 0 };
	unsigned seen = 0;

	expect(r, '{');
	do {
		const char *key, *text;
		size_t key_len, len;

		read_string(r, &key, &key_len);
		expect(r, ':');
		if (r->bad)
			return;
		if (is(key, key_len, "dtype")) {
			read_string(r, &text, &len);
			set_type(r, text, len, a);
			seen |= 1;
		} else if (is(key, key_len, "shape")) {
			a->n_dims = read_numbers(r, shape, ALCM_MAX_DIMS);
			seen |= 2;
		} else if (is(key, key_len, "data_offsets")) {
			r->bad |= read_numbers(r, place, 2) != 2;
			seen |= 4;
		} else {
			skip_value(r, 0);
		}
	} while (!r->bad && accept(r, ','));
	expect(r, '}');
	a->shape = shape;
	a->bytes = place[1] - place[0]; /* may wrap; then the header is bad */
	r->bad |= seen != 7 || place[1] < place[0] ||
		!checked_add(base, place[0], &a->offset) || !fills(r, a);
}

/*
 * One key per tensor, in any order; "__metadata__" is text for people. The `continue`
 * there goes on at the loop's condition, which takes the comma. segments_add() copies
 * name and type, so nothing refers to the text when it is freed; it isn't called any more
 * once the header is bad.
 */
static void read_header(struct reader *r, uint64_t base, struct segments *out)
{
	uint64_t shape[ALCM_MAX_DIMS];

	expect(r, '{');
	if (accept(r, '}'))
		return;
	do {
		struct segment_about a = { 0 };

		read_string(r, &a.name, &a.name_len);
		expect(r, ':');
		if (r->bad)
			return;
		if (is(a.name, a.name_len, "__metadata__")) {
			skip_value(r, 0);
			continue;
		}
		read_tensor(r, base, &a, shape);
		if (!r->bad)
			a.row_elems = segments_row_elems(shape, a.n_dims, false);
		if (a.name_len > MAX_KEY)
			a.name_len = MAX_KEY;
		r->bad |= r->bad || segments_add(out, &a);
	} while (!r->bad && accept(r, ','));
	expect(r, '}');
	r->bad |= peek(r) != -1; /* only padding may follow */
}

/* The header's length is known at once, so `wants` is exact. */
void safetensors_walk(struct tensor_map *map, const struct format_reader *file)
{
	uint8_t length[LENGTH_BYTES];
	uint64_t len;

	if (!format_read(file, length, sizeof(length), 0))
		return;
	len = le_get64(length);
	if (len > MAX_HEADER)
		return;
	map->head_bytes = LENGTH_BYTES + len;
	if (file->size < map->head_bytes) {
		map->wants = map->head_bytes;
		return;
	}

	AUTO_FREE char *text = mem_alloc(len);

	if (!text || !format_read(file, text, len, LENGTH_BYTES))
		return;

	struct reader r = { .at = text, .end = text + len };

	read_header(&r, map->head_bytes, &map->segments);
	if (r.bad)
		segments_release(&map->segments);
}
