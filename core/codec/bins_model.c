/* SPDX-License-Identifier: MIT */
/*
 * Symbols, classes and frequencies of coder `bins`, for both directions. Frequencies use
 * only additions, multiplications, divisions and floor() of doubles, whose results IEEE
 * 754 defines exactly. So they are the same on every machine, and needn't be stored.
 *
 * The idea: values of one distribution, divided by different scales, give codes of
 * different sizes. One density of the magnitudes serves all classes; class c sees it
 * scaled by 2^(−c · step / 2). A change of any operation here, even of the order of
 * additions, would make old records undecodable.
 */
#include "codec/bins_model.h"

#include "base/checked.h"
#include "base/simd.h"

/* With a shift, all codes below it share one symbol and have `shift` raw bits. */
static struct bins_symbol small_codes(unsigned shift)
{
	uint64_t end = (uint64_t)1 << shift;

	return (struct bins_symbol){ .count = (double)(end - 1),
		.middle = (double)(end / 2),
		.n_bits = shift ? shift + 1 : 0 };
}

/* Eighth `eighth` of octave [2^e, 2^(e + 1)). Below 2^3 some eighths hold no code. */
static struct bins_symbol eighth_of(unsigned e, unsigned eighth)
{
	struct bins_symbol s = { .n_bits = 1 };

	if (e >= 3) {
		uint64_t count = (uint64_t)1 << (e - 3);

		s.first = (8 + eighth) * count;
		s.count = (double)count;
		s.middle = (double)s.first + (s.count - 1) / 2;
		s.n_bits = e - 2;
		return s;
	}
	s.first = (8 + eighth) >> (3 - e);
	s.count = eighth % (8u >> e) == 0;
	s.middle = (double)s.first;
	return s;
}

void bins_symbols(const struct bins *b, struct bins_symbol symbols[BINS_SYMBOLS])
{
	symbols[0] = symbols[1] = (struct bins_symbol){ 0 };
	symbols[2] = small_codes(b->shift);
	for (unsigned s = BINS_FIRST_KEY; s < b->n_symbols; s++) {
		unsigned key = s - BINS_FIRST_KEY;

		symbols[s] = eighth_of(b->shift + key / 8, key % 8);
	}
}

/* A symbol's weight is the density at its middle times the codes that it stands for. */
static void weigh(const struct bins *b, const struct bins_symbol symbols[BINS_SYMBOLS],
	unsigned class, double weights[BINS_SYMBOLS])
{
	const struct density *d = &b->density;
	double factor = bins_factor(b, class), unit = density_unit(d);

	for (unsigned s = 0; s < 2; s++)
		weights[s] = density_level(b->zero_levels[class][s]) * unit;
	for (unsigned s = 2; s < b->n_symbols; s++) {
		int bin = symbols[s].count > 0 ? bins_bin(d, symbols[s].middle * factor) : -1;

		weights[s] = bin < 0 ? 0 : d->values[bin] * (symbols[s].count * factor);
	}
}

bool bins_frequencies(const struct bins *b,
	const struct bins_symbol symbols[BINS_SYMBOLS], unsigned class,
	uint32_t frequencies[BINS_SYMBOLS])
{
	double weights[BINS_SYMBOLS], sum = 0, per_weight;
	unsigned n_possible = 2, heaviest = 0;
	uint32_t used = 0;

	weigh(b, symbols, class, weights);
	for (unsigned s = 0; s < b->n_symbols; s++) {
		sum += weights[s];
		n_possible += s >= 2 && weights[s] > 0;
		if (weights[s] > weights[heaviest])
			heaviest = s;
	}
	if (!(sum > 0))
		return false;
	per_weight = (ANS_SLOTS - n_possible) / sum;
	for (unsigned s = 0; s < b->n_symbols; s++) {
		/* Zeros are always possible, so that no symbol has all of the total. */
		frequencies[s] = s < 2 || weights[s] > 0 ? 1 + (uint32_t)(weights[s] * per_weight)
												 : 0;
		used += frequencies[s];
	}
	/* Rounding down leaves a rest; the heaviest symbol loses least by taking it. */
	frequencies[heaviest] += ANS_SLOTS - used;
	return true;
}

/* ---- which scale belongs to a value ------------------------------------------------ */

/* Fortran order: the scales repeat, starting at the part's first value. */
static void scales_in_cycle(const struct grid_map *m, uint32_t from, uint32_t n,
	double *scales)
{
	uint64_t at = (from + m->skip) % m->n_scales;

	for (uint32_t i = 0, count; i < n; i += count, at = 0) {
		count = (uint32_t)min_u64(n - i, m->n_scales - at);
		memcpy(scales + i, m->scales + at, count * sizeof(*scales));
	}
}

/* One scale, or two that alternate. Pieces start with the first one, as all lengths are
   even then. */
SIMD_CLONES static void fill_scales(const double *of, unsigned n_components, uint32_t n,
	double *scales)
{
	const double first = of[0], second = of[n_components - 1];

	for (uint32_t i = 0; i < n && n_components == 1; i++)
		scales[i] = first;
	for (uint32_t i = 0; i < n && n_components == 2; i++)
		scales[i] = i % 2 ? second : first;
}

/* A complex value's components have classes of their own. */
static void fill_classes(const struct bins *b, const double *of, unsigned n_components,
	uint32_t n, uint8_t *classes)
{
	memset(classes, bins_class(b, of[0]), n);
	for (uint32_t i = 1; i < n && n_components == 2; i += 2)
		classes[i] = bins_class(b, of[1]);
}

/* C order: runs of values that share a channel's scales. */
void bins_scales(const struct bins *b, const struct grid_map *m, uint32_t from,
	uint32_t n, double *scales, uint8_t *classes)
{
	if (m->cycle) {
		double own[GRID_BLOCK];

		if (!scales)
			scales = own;
		scales_in_cycle(m, from, n, scales);
		for (uint32_t i = 0; i < n && classes; i++)
			classes[i] = bins_class(b, scales[i]);
		return;
	}

	uint64_t channel = (from + m->skip) / m->run, within = (from + m->skip) % m->run;
	unsigned c = m->n_components;

	for (uint32_t i = 0, count; i < n; i += count, channel++, within = 0) {
		const double *of = m->scales + channel * c;

		count = (uint32_t)min_u64(n - i, m->run - within);
		if (scales)
			fill_scales(of, c, count, scales + i);
		if (classes)
			fill_classes(b, of, c, count, classes + i);
	}
}
