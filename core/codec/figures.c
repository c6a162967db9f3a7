/* SPDX-License-Identifier: MIT */
#include "codec/figures.h"

#include <math.h>

#include "base/le.h"

enum { ANCHOR_TABLE = 4096 };

static void count_bytes(const uint8_t *in, uint32_t n, uint32_t counts[256], uint32_t *equal)
{
	uint32_t c[4][256] = { { 0 } }, same = 0, i = 0;

	for (; i + 4 <= n; i += 4) {
		for (unsigned k = 0; k < 4; k++)
			c[k][in[i + k]]++;
	}
	for (; i < n; i++)
		c[0][in[i]]++;
	for (i = 1; i < n; i++)
		same += in[i] == in[i - 1];
	for (unsigned s = 0; s < 256; s++)
		counts[s] = c[0][s] + c[1][s] + c[2][s] + c[3][s];
	*equal = same;
}

static void set_figures(const uint32_t counts[256], uint32_t equal, uint32_t n, struct figures *f)
{
	f->entropy = f->chance = 0;
	for (unsigned s = 0; s < 256; s++) {
		double p = (double)counts[s] / n;

		if (counts[s]) {
			f->entropy -= p * log2(p);
			f->chance += p * p;
		}
	}
	f->run_excess = n > 1 ? (double)equal / (n - 1) / f->chance : 1;
}

void figures_measure(const uint8_t *in, uint32_t n, struct figures *f)
{
	uint32_t counts[256], equal;

	count_bytes(in, n, counts, &equal);
	set_figures(counts, equal, n, f);
}

bool figures_noise_in_sample(const uint8_t *in, uint32_t n)
{
	enum { PIECES = 8, PIECE = FIGURES_SAMPLE / PIECES };
	uint32_t counts[256] = { 0 }, equal = 0;
	struct figures f;

	for (uint32_t k = 0; k < PIECES; k++) {
		const uint8_t *piece = in + (uint64_t)(n - PIECE) * k / (PIECES - 1);

		for (uint32_t i = 0; i < PIECE; i++)
			counts[piece[i]]++;
		for (uint32_t i = 1; i < PIECE; i++)
			equal += piece[i] == piece[i - 1];
	}
	set_figures(counts, equal, FIGURES_SAMPLE, &f);
	return f.entropy > FIGURES_NOISE_BITS + 0.03 && !figures_have_runs(&f, FIGURES_SAMPLE);
}

void figures_repeats(const uint8_t *in, uint32_t n, unsigned width, struct repeats *out)
{
	uint32_t seen[ANCHOR_TABLE] = { 0 }, fours = 0, eights = 0, anchors = 0;
	uint64_t seen_eights[ANCHOR_TABLE] = { 0 };

	for (uint32_t i = 0; i + 8 <= n; i += width) {
		uint32_t four = le_get32(in + i), h = four * 0x9e3779b1u;

		if ((h >> 27) != 0 || four == 0)
			continue;

		uint64_t eight = le_get64(in + i);
		uint32_t *slot = &seen[(h >> 8) % ANCHOR_TABLE];
		uint64_t *slot_of_eight =
			&seen_eights[(eight * 0x9e3779b97f4a7c15u >> 40) % ANCHOR_TABLE];

		anchors++;
		fours += *slot == four;
		eights += *slot_of_eight == eight;
		*slot = four;
		*slot_of_eight = eight;
	}
	out->fours = anchors ? (double)fours / anchors : 0;
	out->eights = anchors ? (double)eights / anchors : 0;
}

bool figures_have_runs(const struct figures *f, uint32_t n)
{
	return f->run_excess > 1.1 + 4 / sqrt(1 + n * f->chance);
}
