/* SPDX-License-Identifier: MIT */
/*
 * Container formats: from the first bytes of a file to where its tensors lie. One row of
 * format_table.c per format; everything downstream sees spans only.
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

/* Where the one tensor of a file lies, and of what type; or those of a container. */
struct layout {
	const char *format;  /* "npy", or "bytes" when nothing was recognised */
	char dtype_text[64]; /* as the file spells it, e.g. "<f4"; "" for bytes */
	enum dtype_id dtype;
	uint32_t elem_bytes; /* pitch, see struct span */
	bool big_endian, fortran_order;
	/* Coded like `dtype`, which is only a likely guess: a lossy profile leaves it alone. */
	bool opaque;
	unsigned n_dims;
	uint64_t shape[ALCM_MAX_DIMS];
	uint64_t data_offset; /* of the first element in the file */
	uint64_t data_bytes;  /* shape's product × elem_bytes; UINT64_MAX if it overflows */

	/* Of a container, instead of the type and place above; borrowed (container.h). */
	const struct segment *segments;
	size_t n_segments;
};

struct container;
struct format_reader;

/* Formats of one tensor have `parse`, containers of many have `begins` and `walk`. */
struct format {
	const char *name;
	uint8_t magic[16];
	uint8_t magic_len;
	/* Programs change such files in place: to be compressed or not depends on how they are used. */
	bool edited;
	/* Fill `out` from the file's first `n` bytes. False: not parsable (or not within n). */
	bool (*parse)(const uint8_t *prefix, size_t n, struct layout *out);
	/* Whether the first `n` bytes, FORMAT_BEGIN_BYTES if the file has them, begin such a file. */
	bool (*begins)(const uint8_t *prefix, size_t n);
	/* Find tensors, as far as the file is there yet; see container.h. */
	void (*walk)(struct container *container, const struct format_reader *file);
	/*
	 * Every checksum that a complete file holds, as zip_checksums() does. NULL: the format has none.
	 */
	bool (*checksums)(const struct format_reader *file, struct checksums *out,
		const char **why);
	/* Free container->state. May be NULL. */
	void (*release)(struct container *container);
};

#define FORMAT_BEGIN_BYTES ALCM_SNIFF_BYTES

/* All formats, `*n` of them. */
const struct format *format_table(size_t *n);

/*
 * The format of a file that begins with these n bytes and is to be compressed for that, or NULL. Of formats that a magic alone tells, a
 * part of it is enough.
 */
const char *format_name_of(const uint8_t *prefix, size_t n);

/*
 * Recognise a file of one tensor by its first `n` bytes (a whole first chunk, or the whole file when that
 * is shorter). Never fails: what can't be parsed is layout "bytes".
 */
void format_parse(const uint8_t *prefix, size_t n, struct layout *out);

/* As segments_row_elems(). */
uint64_t format_row_len(const struct layout *layout);

/*
 * What lies at file byte `at` < `end`, up to where that changes or `end`: a run of whole elements of one
 * tensor, or DTYPE_BYTES: what is in no tensor, and an element that `at` or `end` cuts.
 */
void format_next_span(const struct layout *layout, uint64_t at, uint64_t end, struct span *out);

/*
 * Spans that tile file bytes [off, off+len), for the codec: those of format_next_span(), of which
 * small ones were joined to neighbours until SPAN_MAX are left. Returns how many (1 … SPAN_MAX);
 * len > 0.
 */
unsigned format_spans(const struct layout *layout, uint64_t off, uint32_t len,
	struct span spans[SPAN_MAX]);

#endif
