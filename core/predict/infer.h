/* SPDX-License-Identifier: MIT */
/*
 * What bytes are that no parser speaks for: element class, width, byte order and phase,
 * from statistics of a sample of them. A guess can only cost ratio: spans of the wrong
 * type are coded losslessly too.
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
	uint8_t phase;    /* where the first whole element begins, 0 … width − 1 */
	float confidence; /* 0 … 1 */
};

/* Whether its elements are numbers of two bytes or more, or a byte each that is no
   text. */
bool infer_is_numeric(const struct inference *in);

/* "float32", "text", "noise", … */
const char *infer_name(const struct inference *in);

/* Of the n bytes at `raw`, up to a chunk, which may be anything. n = 0: unknown. */
void infer_chunk(const uint8_t *raw, uint32_t n, struct inference *out);

/*
 * Spans that tile the n > 0 bytes: a cut element at either end as DTYPE_BYTES, whole
 * elements between. Returns how many, 1 … SPAN_MAX. They know of no rows.
 */
unsigned infer_spans(const struct inference *in, uint32_t n, struct span spans[SPAN_MAX]);

/* ---- a whole file, by pieces of it ------------------------------------------------- */

enum infer_verdict {
	INFER_VERDICT_OTHER,      /* neither: text, or what was not recognised */
	INFER_VERDICT_NUMERIC,    /* most of it is numbers */
	INFER_VERDICT_COMPRESSED, /* leave it as it is */
};

/* Begins as { 0 }; the caller adds pieces spread over the file, of some KiB each. */
struct infer_survey {
	uint32_t n_pieces, n_kinds[INFER_KINDS], n_dtypes[DTYPE_COUNT];
	/* what the file's first bytes say that it is compressed by, or NULL */
	const char *packed_by;
	const char *no_numbers; /* what they say that it is instead of numbers, or NULL */
};

/* The file's first n bytes: whether they are the magic of something compressed. */
void infer_survey_begin(struct infer_survey *survey, const uint8_t *prefix, size_t n);

void infer_survey_add(struct infer_survey *survey, const uint8_t *piece, uint32_t n);

#define INFER_REASON_BYTES 96

/* The verdict, and why in words: "already compressed: noise at 15 of 16 places", "gzip",
   "float32 at …". */
enum infer_verdict infer_survey_verdict(const struct infer_survey *survey,
	char reason[INFER_REASON_BYTES]);

#endif
