/* SPDX-License-Identifier: MIT */
/*
 * What a chunk's bytes are: a network judges first, and a rule of thumb decides where the
 * network isn't sure.
 *
 *   bytes ─► sample of 8 KiB ─► network ─► sure? ─► spans for the codec
 *            (infer_sample.c)  (infer_net.c) │ no
 *                                            └────► rule (infer_rule.c)
 *
 * The answer is a hint for choosing a transform. A record says which transform it has, so
 * decoding never asks here, and a later version may judge differently.
 */
#include "predict/infer.h"

#include "predict/infer_net.h"

/* The network's answer counts if it is more likely than not. */
#define LEAST_CONFIDENCE 0.5f

bool infer_is_numeric(const struct inference *in)
{
	return in->kind == INFER_FLOATS || in->kind == INFER_INTEGERS ||
		in->kind == INFER_BYTES;
}

const char *infer_name(const struct inference *in)
{
	switch (in->kind) {
	case INFER_NOISE:
		return "noise";
	case INFER_TEXT:
		return "text";
	case INFER_BYTES:
	case INFER_INTEGERS:
	case INFER_FLOATS:
		return dtype_get(in->dtype)->name;
	default:
		return "unknown";
	}
}

void infer_chunk(const uint8_t *raw, uint32_t n, struct inference *out)
{
	struct infer_sample sample;

	*out = (struct inference){ .kind = INFER_UNKNOWN, .dtype = DTYPE_BYTES };
	if (n < INFER_LEAST)
		return;
	infer_sample_take(&sample, raw, n);
	infer_by_net(&sample, out);
	/* Bytes of no clear kind are coded best as the kind that they resemble most. */
	if (out->kind == INFER_UNKNOWN || out->confidence < LEAST_CONFIDENCE)
		infer_by_rule(&sample, out);
}

/* Elements start at `phase`, so a cut element may lie in front and another at the end.
   Transforms want whole elements; the cut ones become spans of bytes. */
unsigned infer_spans(const struct inference *in, uint32_t n, struct span spans[SPAN_MAX])
{
	const struct dtype *type = dtype_get(in->dtype);
	uint32_t width = type->width_bytes, before = in->phase < n ? in->phase : 0;
	uint32_t whole = (n - before) / width * width, after = n - before - whole;
	unsigned n_spans = 0;

	if (in->dtype == DTYPE_BYTES || !whole) {
		spans[0] = (struct span){ .len_bytes = n, .elem_bytes = 1, .dtype = DTYPE_BYTES };
		return 1;
	}
	if (before)
		spans[n_spans++] = (struct span){ .len_bytes = before, .elem_bytes = 1 };
	spans[n_spans++] = (struct span){
		.len_bytes = whole,
		.elem_bytes = width,
		.dtype = in->dtype,
		.big_endian = in->big_endian,
	};
	if (after)
		spans[n_spans++] = (struct span){ .len_bytes = after, .elem_bytes = 1 };
	return n_spans;
}
