/* SPDX-License-Identifier: MIT */
/*
 * Guesses at bytes that no parser describes. Only encoding uses them: a record names its
 * transforms, so a wrong guess costs ratio and nothing else. Without memory there are no
 * guesses. Each run of such bytes is judged by itself, also those between two tensors of
 * a known format, and by chunk, so a file may change its type on the way.
 */
#include "codec/guess.h"

#include <string.h>

#include "base/alloc.h"
#include "predict/infer.h"

/* Shorter runs are not worth a guess. */
enum { INFER_BYTES_MIN = 16 << 10 };

/* Guess what the n bytes `raw` at `off` are. False: they don't look like numbers. */
static bool infer_segment(const uint8_t *raw, uint32_t n, uint64_t off,
	struct segment *out)
{
	struct inference in;
	uint32_t width;

	infer_chunk(raw, n, &in);
	if (!infer_is_numeric(&in) || in.phase >= n)
		return false;
	width = dtype_get(in.dtype)->width_bytes;
	*out = (struct segment){
		.offset = off + in.phase,
		.bytes = (n - in.phase) / width * width,
		.elem_bytes = width,
		.dtype = (uint8_t)in.dtype,
		.big_endian = in.big_endian,
	};
	return true;
}

/* Guesses go in front of the known segments, and are then sorted among them. */
void codec_guess(struct segment_cut *cut, const uint8_t *raw, uint64_t off, uint32_t len)
{
	struct segment *all = mem_alloc((cut->n + len / INFER_BYTES_MIN + 1) * sizeof(*all));
	struct span span;
	size_t n = 0;

	for (uint32_t at = 0; all && at < len; at += span.len_bytes) {
		bool bytes;

		format_next_span(cut, off + at, off + len, &span);
		bytes = span.dtype == DTYPE_BYTES && span.elem_bytes == 1;
		if (bytes && span.len_bytes >= INFER_BYTES_MIN &&
			infer_segment(raw + at, span.len_bytes, off + at, &all[n]))
			n++;
	}
	if (!all || !n) {
		mem_free(all);
		return;
	}
	if (cut->n)
		memcpy(all + n, cut->items, cut->n * sizeof(*all));
	mem_free(cut->items);
	cut->items = all;
	cut->n += n;
	segments_order(cut->items, cut->n);
}
