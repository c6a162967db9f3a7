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
#include "tensor/span.h"

/* Where the one tensor of a file lies, and of what type. */
struct layout {
	const char *format;  /* "npy", or "bytes" when nothing was recognised */
	char dtype_text[64]; /* as the file spells it, e.g. "<f4"; "" for bytes */
	enum dtype_id dtype;
	uint32_t elem_bytes; /* pitch, see struct span */
	bool big_endian, fortran_order;
	unsigned n_dims;
	uint64_t shape[ALCM_MAX_DIMS];
	uint64_t data_offset; /* of the first element in the file */
	uint64_t data_bytes;  /* shape's product × elem_bytes; UINT64_MAX if it overflows */
};

struct format {
	const char *name;
	uint8_t magic[16];
	uint8_t magic_len;
	/* Fill `out` from the file's first `n` bytes. False: not parsable (or not within n). */
	bool (*parse)(const uint8_t *prefix, size_t n, struct layout *out);
};

/* All formats, `*n` of them. */
const struct format *format_table(size_t *n);

/* True when `prefix` begins, or as far as it goes could begin, a file of some known format. */
bool format_magic_matches(const uint8_t *prefix, size_t n);

/*
 * Recognise a file by its first `n` bytes (a whole first chunk, or the whole file when that
 * is shorter). Never fails: what can't be parsed is layout "bytes".
 */
void format_parse(const uint8_t *prefix, size_t n, struct layout *out);

/*
 * How many elements that lie together make a row: the fastest axis, and as many axes more as it takes
 * to have 32 of them (the kernel of a convolution alone is no row). 0: the tensor has one row only.
 */
uint64_t format_row_len(const struct layout *layout);

/*
 * Spans that tile file bytes [off, off+len): header bytes, a cut element at either end as
 * DTYPE_BYTES, whole elements between, DTYPE_BYTES beyond the tensor. Returns how many
 * (1 … SPAN_MAX); len > 0.
 */
unsigned format_spans(const struct layout *layout, uint64_t off, uint32_t len,
	struct span spans[SPAN_MAX]);

#endif
