/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "format/format.h"
#include "format/npy.h"

enum { MIN_ROW = 32, MAX_ROW = 1 << 16 };

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

uint64_t format_row_len(const struct layout *l)
{
	uint64_t len = 1;

	/* The last axis stays out: along it there are the rows. */
	for (unsigned i = 0; i + 1 < l->n_dims && len < MIN_ROW; i++)
		len *= l->shape[l->fortran_order ? i : l->n_dims - 1 - i];
	return l->n_dims > 1 ? len : 0;
}

/* Rows count components, as the codec does. `first`: where the span begins in the file. */
static void set_rows(const struct layout *l, uint64_t first, struct span *span)
{
	uint32_t width = dtype_get(l->dtype)->width_bytes;
	uint64_t row_len = format_row_len(l);

	if (!width || l->elem_bytes % width || row_len > MAX_ROW / (l->elem_bytes / width))
		return;
	span->row_len = (uint32_t)(row_len * (l->elem_bytes / width));
	if (span->row_len)
		span->row_skip = (uint32_t)((first - l->data_offset) / width % span->row_len);
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
	set_rows(l, first, &elems);
	n = add_span(spans, n, &elems);
	bytes.len_bytes = len - before - whole;
	return add_span(spans, n, &bytes);
}
