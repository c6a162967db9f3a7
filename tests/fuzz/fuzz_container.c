/* SPDX-License-Identifier: MIT */
/*
 * The parsers of containers, on a file that grows as they look at it: spans tile it. What
 * is found in the end is the same as when all of it was there at once, unless the format
 * has to guess meanwhile.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/le.h"
#include "format/tensor_map.h"
#include "format/zip_checksums.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* As much of the input as is there yet. */
struct growing {
	const uint8_t *data;
	uint64_t size;
};

static int read_growing(void *ctx, void *buf, size_t n, uint64_t off)
{
	memcpy(buf, ((const struct growing *)ctx)->data + off, n);
	return 0;
}

static uint64_t growing_size(void *ctx)
{
	return ((const struct growing *)ctx)->size;
}

static void check_spans(struct tensor_map *map, uint64_t off, uint32_t len)
{
	struct span spans[SPAN_MAX];
	struct segment_cut cut;
	uint64_t sum = 0;
	unsigned n;

	tensor_map_cut(map, off, off + len, &cut);
	n = format_spans(&cut, off, len, spans);
	mem_free(cut.items);

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

/* Whoever changes bytes has to change their checksum, which lies in no bytes that one is
   of. */
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

			if (!format_read(file, bytes, sizeof(bytes), at) || le_get32(bytes) != s->crc)
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

/* Find what there is by now. */
static void look(struct tensor_map *map)
{
	tensor_map_enter(map);
	tensor_map_leave(map);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct growing input = { data, 0 };
	const struct tensor_source source = { read_growing, growing_size, &input };
	struct format_reader file = { read_growing, &input, size };
	struct tensor_map grown, whole;

	tensor_map_init(&grown, &source);
	tensor_map_init(&whole, &source);
	for (input.size = 0; input.size < size; input.size += 1 + size / 5)
		look(&grown);
	input.size = size;
	look(&grown);
	look(&whole);
	if (whole.format && !whole.format->release && whole.segments.n == grown.segments.n)
		check_same(&whole.segments, &grown.segments);
	for (unsigned i = 0; i < 8; i++)
		check_spans(&whole, i * 97, 1 + i * 211);
	check_spans(&whole, size / 2, (uint32_t)size + 1);
	check_spans(&grown, 0, (uint32_t)size + 1);
	tensor_map_note_change(&grown, size / 3, 1);
	look(&grown);
	check_sums(&file);
	tensor_map_release(&grown);
	tensor_map_release(&whole);
	return 0;
}
