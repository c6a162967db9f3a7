/* SPDX-License-Identifier: MIT */
/*
 * The parsers of containers, on a file that grows as they look at it: spans tile it. What is found in the
 * end is the same as when all of it was there at once, unless the format has to guess meanwhile.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/le.h"
#include "format/container.h"
#include "format/zip_checksums.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int read_memory(void *ctx, void *buf, size_t n, uint64_t off)
{
	memcpy(buf, (const uint8_t *)ctx + off, n);
	return 0;
}

static void check_spans(const struct container *c, uint64_t off, uint32_t len)
{
	AUTO_FREE struct segment *segments = NULL;
	struct layout layout = { .elem_bytes = 1, .dtype = DTYPE_BYTES };
	struct span spans[SPAN_MAX];
	uint64_t sum = 0;

	if (container_cut(c, off, off + len, &segments, &layout.n_segments))
		return;
	layout.segments = segments;

	unsigned n = format_spans(&layout, off, len, spans);

	if (!n || n > SPAN_MAX)
		abort();
	for (unsigned i = 0; i < n; i++) {
		if (!spans[i].len_bytes || spans[i].len_bytes % spans[i].elem_bytes ||
			(spans[i].row_len && spans[i].row_skip >= spans[i].row_len))
			abort();
		sum += spans[i].len_bytes;
	}
	if (sum != len)
		abort();
}

/* By fields: what pads a struct is anything. */
static void check_same(const struct segments *a, const struct segments *b)
{
	for (size_t i = 0; i < a->n; i++) {
		const struct segment *x = &a->items[i], *y = &b->items[i];

		if (x->offset != y->offset || x->bytes != y->bytes ||
			x->elem_bytes != y->elem_bytes || x->row_len != y->row_len ||
			x->dtype != y->dtype || x->n_dims != y->n_dims)
			abort();
	}
}

/* Whoever changes bytes has to change their checksum, which lies in no bytes that one is of. */
static void check_sums(const struct format_reader *file)
{
	struct checksums sums;
	const char *why;
	bool known = zip_checksums(file, &sums, &why);

	if (known ? !sums.items || why : sums.items || sums.n || !why)
		abort();
	for (size_t i = 0; i < sums.n; i++) {
		const struct checksum *s = &sums.items[i];

		if (s->offset > file->size || s->bytes > file->size - s->offset ||
			(i && s->offset < sums.items[i - 1].offset + sums.items[i - 1].bytes))
			abort();
		for (unsigned k = 0; k < s->n_places; k++) {
			uint64_t at = s->places[k];
			uint8_t bytes[CHECKSUM_BYTES];

			if (!format_read(file, bytes, sizeof(bytes), at) ||
				le_get32(bytes) != s->crc)
				abort();
			for (size_t other = 0; other < sums.n; other++) {
				const struct checksum *o = &sums.items[other];

				if (o->bytes && at + CHECKSUM_BYTES > o->offset &&
					at < o->offset + o->bytes)
					abort();
			}
		}
	}
	mem_free(sums.items);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct format_reader file = { .read = read_memory, .ctx = (void *)(uintptr_t)data };
	struct container c = { 0 }, whole = { 0 };

	for (file.size = 0; file.size < size; file.size += 1 + size / 5)
		container_update(&c, &file);
	file.size = size;
	container_update(&c, &file);
	container_update(&whole, &file);
	if (whole.format && !whole.format->release && whole.segments.n == c.segments.n)
		check_same(&whole.segments, &c.segments);
	for (unsigned i = 0; i < 8; i++)
		check_spans(&whole, i * 97, 1 + i * 211);
	check_spans(&whole, size / 2, (uint32_t)size + 1);
	check_spans(&c, 0, (uint32_t)size + 1);
	check_sums(&file);
	container_reset(&c);
	container_reset(&whole);
	return 0;
}
