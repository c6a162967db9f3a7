/* SPDX-License-Identifier: MIT */
/*
 * A sample of bytes and its statistics. Arithmetic is done in a fixed order with portable
 * logarithms, because decisions made from it must be the same on every machine.
 *
 * The sample is 16 pieces of 512 bytes, the first at the beginning and the last at the
 * end. Each of the eight positions has 1024 bytes in it, so counts fit into 16 bits.
 */
#include "predict/infer_sample.h"

#include <string.h>

#include "base/simd.h"
#include "predict/portable_math.h"

enum { LANES = 16 };

/* Pieces begin at multiples of 8 of the bytes, so positions modulo 8 stay right. */
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

/* Summed in lanes: vectors do several at once, and all machines add in the same order. */
SIMD_CLONES static float sum_of_logs(const uint32_t counts[256], uint32_t *n_values)
{
	float sums[LANES] = { 0 };
	uint32_t present[LANES] = { 0 };

	for (unsigned v = 0; v < 256; v += LANES) {
		for (unsigned k = 0; k < LANES; k++) {
			uint32_t c = counts[v + k];

			sums[k] += (float)c * portable_log2((float)(c ? c : 1));
			present[k] += c != 0;
		}
	}
	*n_values = 0;
	for (unsigned k = 1; k < LANES; k++)
		sums[0] += sums[k];
	for (unsigned k = 0; k < LANES; k++)
		*n_values += present[k];
	return sums[0];
}

/*
 * log2 n − Σ c · log2 c / n, with Miller's correction for few samples (1955), which is
 * (values − 1) / (2 n ln 2). So noise comes out at 8 bits. Without it 1024 random bytes
 * would have 7.8, and the fewer bytes a position has, the less its entropy would seem:
 * telling positions apart would always look like a gain.
 */
static float entropy_of(const uint32_t counts[256], uint32_t n)
{
	uint32_t n_values;
	float sum = sum_of_logs(counts, &n_values), bits;

	if (n_values < 2)
		return 0;
	bits = portable_log2((float)n) - sum / (float)n +
		(float)(n_values - 1) * 0.7213475f / (float)n;
	return bits < 0 ? 0 : bits > 8 ? 8 : bits;
}

void infer_sample_entropies(const struct infer_sample *s, struct infer_entropies *e)
{
	float *const of[] = { &e->of1, e->of2, e->of4, e->of8 };
	uint32_t counts[INFER_POSITIONS][256];

	for (unsigned p = 0; p < INFER_POSITIONS; p++) {
		for (unsigned v = 0; v < 256; v++)
			counts[p][v] = s->counts[p][v];
	}
	/*
	 * Positions modulo 8 first; then pairs that are equal modulo half as many are merged.
	 * A position of the upper half is added to one that has its entropy already.
	 */
	for (unsigned k = 4; k-- > 0;) {
		unsigned width = 1u << k;

		for (unsigned p = 0; p < width; p++) {
			of[k][p] = entropy_of(counts[p], s->n / width);
			for (unsigned v = 0; v < 256 && p >= width / 2 && k; v++)
				counts[p - width / 2][v] += counts[p][v];
		}
	}
}
