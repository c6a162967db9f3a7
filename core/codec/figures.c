/* SPDX-License-Identifier: MIT */
#include "codec/figures.h"

#include <math.h>

#include "base/le.h"
#include "base/simd.h"
#include "coder/histogram.h"

enum { ANCHOR_TABLE = 4096 };

/* How many bytes equal the one before. */
SIMD_CLONES static uint32_t count_equal(const uint8_t *in, uint32_t n)
{
	uint32_t equal = 0;

	for (uint32_t i = 1; i < n; i++)
		equal += in[i] == in[i - 1];
	return equal;
}

/* The rest, from the counts. */
static void set_figures(struct figures *f, uint32_t equal, uint32_t n)
{
	f->entropy = f->chance = 0;
	for (unsigned s = 0; s < 256; s++) {
		double p = (double)f->counts[s] / n;

		if (f->counts[s]) {
			f->entropy -= p * log2(p);
			f->chance += p * p;
		}
	}
	f->run_excess = n > 1 ? (double)equal / (n - 1) / f->chance : 1;
}

void figures_measure(const uint8_t *in, uint32_t n, struct figures *f)
{
	histogram_of(in, n, f->counts);
	set_figures(f, count_equal(in, n), n);
}

bool figures_noise_in_sample(const uint8_t *in, uint32_t n)
{
	enum { PIECES = 8, PIECE = FIGURES_SAMPLE / PIECES };
	struct figures f = { .counts = { 0 } };
	uint32_t equal = 0;

	for (uint32_t k = 0; k < PIECES; k++) {
		const uint8_t *piece = in + (uint64_t)(n - PIECE) * k / (PIECES - 1);

		for (uint32_t i = 0; i < PIECE; i++)
			f.counts[piece[i]]++;
		for (uint32_t i = 1; i < PIECE; i++)
			equal += piece[i] == piece[i - 1];
	}
	set_figures(&f, equal, FIGURES_SAMPLE);
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
