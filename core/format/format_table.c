/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "format/format.h"
#include "format/npy.h"

static const struct format formats[] = {
	{
		.name = "npy",
		.magic = { 0x93, 'N', 'U', 'M', 'P', 'Y' },
		.magic_len = 6,
		.parse = npy_parse,
	},
};

enum { N_FORMATS = sizeof(formats) / sizeof(formats[0]) };

const struct format *format_table(size_t *n)
{
	*n = N_FORMATS;
	return formats;
}

static bool matches(const struct format *f, const uint8_t *prefix, size_t n)
{
	return n && memcmp(prefix, f->magic, n < f->magic_len ? n : f->magic_len) == 0;
}

bool format_magic_matches(const uint8_t *prefix, size_t n)
{
	for (unsigned i = 0; i < N_FORMATS; i++) {
		if (matches(&formats[i], prefix, n))
			return true;
	}
	return false;
}

void format_parse(const uint8_t *prefix, size_t n, struct layout *out)
{
	for (unsigned i = 0; i < N_FORMATS; i++) {
		if (!matches(&formats[i], prefix, n))
			continue;
		memset(out, 0, sizeof(*out));
		if (formats[i].parse(prefix, n, out)) {
			out->format = formats[i].name;
			return;
		}
	}
	memset(out, 0, sizeof(*out));
	out->format = "bytes";
	out->dtype = DTYPE_BYTES;
	out->elem_bytes = 1;
}

/* Append a span unless it is empty. */
static unsigned add_span(struct span *spans, unsigned n, const struct span *span)
{
	if (!span->len_bytes)
		return n;
	spans[n] = *span;
	return n + 1;
}

unsigned format_spans(const struct layout *l, uint64_t off, uint32_t len,
	struct span spans[SPAN_MAX])
{
	struct span bytes = { .elem_bytes = 1, .dtype = DTYPE_BYTES };
	struct span elems = {
		.elem_bytes = l->elem_bytes, .dtype = l->dtype, .big_endian = l->big_endian
	};
	uint64_t end = off + len, first = l->data_offset, last = l->data_offset + l->data_bytes;
	uint32_t before = 0, whole = 0;
	unsigned n = 0;

	if (last < l->data_offset || last > end)
		last = end;
	if (first < off) /* go to where the next element begins */
		first = off + (l->elem_bytes - (off - first) % l->elem_bytes) % l->elem_bytes;
	if (first < last && (l->elem_bytes > 1 || l->dtype != DTYPE_BYTES)) {
		before = (uint32_t)(first - off);
		whole = (uint32_t)((last - first) / l->elem_bytes * l->elem_bytes);
	}
	bytes.len_bytes = whole ? before : len;
	n = add_span(spans, n, &bytes);
	if (!whole)
		return n;
	elems.len_bytes = whole;
	n = add_span(spans, n, &elems);
	bytes.len_bytes = len - before - whole;
	return add_span(spans, n, &bytes);
}
