/* SPDX-License-Identifier: MIT */
/* File formats: where the tensors of a file lie. Each format is one row of
   format_table.c; everything downstream sees only segments and spans. */
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

/* The file size at which to look again, when the length of the head isn't known. */
uint64_t format_later(const struct format_reader *file);

struct format {
	const char *name;
	uint8_t magic[16];
	uint8_t magic_len;
	/* The file is one tensor, which has no name of its own. */
	bool one;
	/* Programs change such files in place, so their use decides whether they are
	   compressed. */
	bool edited;
	/*
	 * Whether the first `n` bytes, FORMAT_BEGIN_BYTES if the file has them, begin such a
	 * file. NULL: the magic tells.
	 */
	bool (*begins)(const uint8_t *prefix, size_t n);
	/* Find tensors in what is there of the file; see tensor_map.h. NULL: the format has
	   none. */
	void (*walk)(struct tensor_map *map, const struct format_reader *file);
	/* All checksums of a complete file, as zip_checksums(). NULL: the format has none. */
	bool (*checksums)(const struct format_reader *file, struct checksums *out,
		const char **why);
	/* Free map->state. May be NULL. */
	void (*release)(struct tensor_map *map);
};

#define FORMAT_BEGIN_BYTES ALCM_SNIFF_BYTES

/* The format of a file that begins with these n bytes; NULL: no known one. */
const struct format *format_of(const uint8_t *prefix, size_t n);

/* The name of the format of a file that begins with these n bytes, if that is a reason to
   compress it; else NULL. For formats with a magic, a part of it is enough. */
const char *format_name_of(const uint8_t *prefix, size_t n);

/*
 * The span at file byte `at` < `end`, up to where its type changes or `end`. It is a run
 * of whole elements of one tensor, or DTYPE_BYTES: bytes of no tensor, or an element cut
 * by `at` or `end`.
 */
void format_next_span(const struct segment_cut *cut, uint64_t at, uint64_t end,
	struct span *out);

/*
 * Spans that tile file bytes [off, off + len), for the codec. They are those of
 * format_next_span(), with small ones joined to neighbours until at most SPAN_MAX are
 * left. Returns their number (1 … SPAN_MAX); len > 0.
 */
unsigned format_spans(const struct segment_cut *cut, uint64_t off, uint32_t len,
	struct span spans[SPAN_MAX]);

#endif
