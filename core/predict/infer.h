/* SPDX-License-Identifier: MIT */
/*
 * The type of bytes that no parser describes: element class, width, byte order and phase,
 * from statistics of a sample. A wrong guess only costs ratio, since spans of any type
 * are coded losslessly.
 *
 * Pure: the same bytes give the same answer on every machine. No memory but the stack (24
 * KiB), no locks.
 */
#ifndef ALCM_PREDICT_INFER_H
#define ALCM_PREDICT_INFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tensor/span.h"

enum infer_kind {
	INFER_UNKNOWN,  /* too little, mixed, or all bytes equal */
	INFER_NOISE,    /* 8 bits a byte: compressed or encrypted */
	INFER_TEXT,     /* printable */
	INFER_BYTES,    /* elements of one byte: pictures, small integers, bools */
	INFER_INTEGERS, /* of 2, 4 or 8 bytes */
	INFER_FLOATS,
	INFER_KINDS,
};

struct inference {
	enum infer_kind kind;
	/* DTYPE_BYTES unless the elements are known; integers are I16, I32, I64, whether they
	   have a sign or not, bytes U8 */
	enum dtype_id dtype;
	bool big_endian;
	uint8_t phase;    /* offset of the first whole element, 0 … width − 1 */
	float confidence; /* 0 … 1 */
};

/* Whether the elements are numbers: of two bytes or more, or bytes that aren't text. */
bool infer_is_numeric(const struct inference *in);

/* "float32", "text", "noise", … */
const char *infer_name(const struct inference *in);

/* Judge the n bytes at `raw`, at most a chunk, of any content. n = 0: unknown. */
void infer_chunk(const uint8_t *raw, uint32_t n, struct inference *out);

/* Spans that tile the n > 0 bytes: cut elements at the ends as DTYPE_BYTES, whole ones
   between. Returns their number, 1 … SPAN_MAX. They have no rows. */
unsigned infer_spans(const struct inference *in, uint32_t n, struct span spans[SPAN_MAX]);

/* ---- a whole file, by pieces of it ------------------------------------------------- */

enum infer_verdict {
	INFER_VERDICT_OTHER,      /* neither: text, or not recognised */
	INFER_VERDICT_NUMERIC,    /* most of it is numbers */
	INFER_VERDICT_COMPRESSED, /* leave it as it is */
};

/* Starts as { 0 }. The caller adds pieces of some KiB each, spread over the file. */
struct infer_survey {
	uint32_t n_pieces, n_kinds[INFER_KINDS], n_dtypes[DTYPE_COUNT];
	/* the compressor that the file's first bytes name, or NULL */
	const char *packed_by;
	/* the kind of file that they name, which holds no numbers, or NULL */
	const char *no_numbers;
};

/* Look for a known magic in the file's first n bytes. */
void infer_survey_begin(struct infer_survey *survey, const uint8_t *prefix, size_t n);

void infer_survey_add(struct infer_survey *survey, const uint8_t *piece, uint32_t n);

#define INFER_REASON_BYTES 96

/* The verdict, and why in words: "already compressed: noise at 15 of 16 places", "gzip",
   "float32 at …". */
enum infer_verdict infer_survey_verdict(const struct infer_survey *survey,
	char reason[INFER_REASON_BYTES]);

#endif
