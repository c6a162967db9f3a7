/* SPDX-License-Identifier: MIT */
#include "predict/infer_sample.h"

#include <string.h>

#include "predict/portable_math.h"

void infer_sample_take(struct infer_sample *s, const uint8_t *raw, uint32_t n)
{
	enum { PIECE = INFER_SAMPLE / INFER_PIECES };

	if (n <= INFER_SAMPLE) {
		s->n = n / INFER_POSITIONS * INFER_POSITIONS;
		memcpy(s->bytes, raw, s->n);
	} else {
		s->n = INFER_SAMPLE;
		for (uint32_t k = 0; k < INFER_PIECES; k++) {
			uint64_t at = (uint64_t)(n - PIECE) * k / (INFER_PIECES - 1);

			memcpy(s->bytes + k * PIECE, raw + at / INFER_POSITIONS * INFER_POSITIONS,
				PIECE);
		}
	}
	memset(s->counts, 0, sizeof(s->counts));
	for (uint32_t i = 0; i < s->n; i += INFER_POSITIONS) {
		for (unsigned p = 0; p < INFER_POSITIONS; p++)
			s->counts[p][s->bytes[i + p]]++;
	}
}

void infer_sample_merge(const struct infer_sample *s, unsigned first, unsigned step,
	uint32_t out[256])
{
	memset(out, 0, 256 * sizeof(out[0]));
	for (unsigned p = first; p < INFER_POSITIONS; p += step) {
		for (unsigned v = 0; v < 256; v++)
			out[v] += s->counts[p][v];
	}
}

/* With Miller's correction for so few bytes (1955): noise has 8 bits. */
static float entropy_of(const uint32_t counts[256], uint32_t n)
{
	uint32_t n_values = 0;
	float sum = 0, bits;

	for (unsigned v = 0; v < 256; v++) {
		if (counts[v]) {
			sum += (float)counts[v] * portable_log2((float)counts[v]);
			n_values++;
		}
	}
	if (n_values < 2)
		return 0;
	bits = portable_log2((float)n) - sum / (float)n +
		(float)(n_values - 1) * 0.7213475f / (float)n;
	return bits < 0 ? 0 : bits > 8 ? 8 : bits;
}

void infer_sample_entropies(const struct infer_sample *s, struct infer_entropies *e)
{
	float *const of[] = { &e->of1, e->of2, e->of4, e->of8 };

	for (unsigned k = 0; k < 4; k++) {
		unsigned width = 1u << k;

		for (unsigned p = 0; p < width; p++) {
			uint32_t counts[256];

			infer_sample_merge(s, p, width, counts);
			of[k][p] = entropy_of(counts, s->n / width);
		}
	}
}
