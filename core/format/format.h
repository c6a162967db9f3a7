/* SPDX-License-Identifier: MIT */
/*
 * File formats: where the tensors of a file lie. One row of format_table.c per format;
 * everything downstream sees segments and spans only.
 */
#ifndef ALCM_FORMAT_FORMAT_H
#define ALCM_FORMAT_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "alcm.h"
#include "format/checksums.h"
#include "format/segments.h"
#include "tensor/span.h"

struct tensor_map;

/* A file, perhaps one that is still being written. */
struct format_reader {
	/* Fill `buf` from [off, off + n), which lies within `size`. A negative errno on
	   failure. */
	int (*read)(void *ctx, void *buf, size_t n, uint64_t off);
	void *ctx;
	uint64_t size;
};

/* Read [off, off + n). False: it isn't all there, or the read failed. */
bool format_read(const struct format_reader *file, void *buf, size_t n, uint64_t off);

/* The size from which on it pays to look again, when nobody knows how far the head
   goes. */
uint64_t format_later(const struct format_reader *file);

struct format {
	const char *name;
	uint8_t magic[16];
	uint8_t magic_len;
	/* The file is one tensor, which has no name of its own. */
	bool one;
	/* Programs change such files in place: to be compressed or not depends on how they
	   are used. */
	bool edited;
	/*
	 * Whether the first `n` bytes, FORMAT_BEGIN_BYTES if the file has them, begin such a
	 * file. NULL: the magic tells.
	 */
	bool (*begins)(const uint8_t *prefix, size_t n);
	/* Find tensors, as far as the file is there yet; see tensor_map.h. NULL: it has
	   none. */
	void (*walk)(struct tensor_map *map, const struct format_reader *file);
	/*
	 * Every checksum that a complete file holds, as zip_checksums() does. NULL: the
	 * format has none.
	 */
	bool (*checksums)(const struct format_reader *file, struct checksums *out,
		const char **why);
	/* Free map->state. May be NULL. */
	void (*release)(struct tensor_map *map);
};

#define FORMAT_BEGIN_BYTES ALCM_SNIFF_BYTES

/* The format of a file that begins with these n bytes; NULL: none that we know. */
const struct format *format_of(const uint8_t *prefix, size_t n);

/*
 * The name of the format of a file that begins with these n bytes and is to be compressed
 * for that, or NULL. Of formats that a magic alone tells, a part of it is enough.
 */
const char *format_name_of(const uint8_t *prefix, size_t n);

/*
 * What lies at file byte `at` < `end`, up to where that changes or `end`: a run of whole
 * elements of one tensor, or DTYPE_BYTES: what is in no tensor, and an element that `at`
 * or `end` cuts.
 */
void format_next_span(const struct segment_cut *cut, uint64_t at, uint64_t end,
	struct span *out);

/*
 * Spans that tile file bytes [off, off+len), for the codec: those of format_next_span(),
 * of which small ones were joined to neighbours until SPAN_MAX are left. Returns how many
 * (1 … SPAN_MAX); len > 0.
 */
unsigned format_spans(const struct segment_cut *cut, uint64_t off, uint32_t len,
	struct span spans[SPAN_MAX]);

#endif
