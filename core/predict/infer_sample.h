/* SPDX-License-Identifier: MIT */
/* A sample of bytes and its statistics by position modulo 8, from which
   core/predict/infer*.c judge. */
#ifndef ALCM_PREDICT_INFER_SAMPLE_H
#define ALCM_PREDICT_INFER_SAMPLE_H

#include "predict/infer.h"

enum {
	INFER_SAMPLE = 8 << 10,
	INFER_PIECES = 16, /* spread over the bytes; each begins at a multiple of 8 */
	INFER_POSITIONS = 8,
	INFER_LEAST = 64, /* fewer bytes are not judged */
};

struct infer_sample {
	uint32_t n; /* a multiple of 8 */
	uint8_t bytes[INFER_SAMPLE];
	uint16_t counts[INFER_POSITIONS][256];
};

/* Order-0 entropies, bits per byte, of the bytes at each position modulo 1, 2, 4, 8. */
struct infer_entropies {
	float of1, of2[2], of4[4], of8[8];
};

void infer_sample_take(struct infer_sample *s, const uint8_t *raw, uint32_t n);

void infer_sample_entropies(const struct infer_sample *s, struct infer_entropies *e);

/* The sums of the counts of positions `first`, `first` + step, … */
void infer_sample_merge(const struct infer_sample *s, unsigned first, unsigned step,
	uint32_t out[256]);

/* infer_rule.c: the rule of thumb. */
void infer_by_rule(const struct infer_sample *s, struct inference *out);

#endif
