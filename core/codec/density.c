/* SPDX-License-Identifier: MIT */
/*
 * A density of magnitudes in bins of an eighth of an octave. A bin's number comes from
 * the leading bits of a double: its exponent and three bits of mantissa. That needs no
 * logarithm, and gives the same result everywhere.
 */
#include "codec/density.h"

#include <math.h>
#include <string.h>

enum { KEY_SHIFT = 52 - 3, TOP_KEY_MAX = 0x3ff7 };

/* 2^(i/8) */
static const double eighths[8] = { 1.0, 1.0905077326652577, 1.189207115002721,
	1.2968395546510096, 1.4142135623730951, 1.5422108254079407, 1.681792830507429,
	1.8340080864093424 };

/* ldexp() is exact here, so levels mean the same on every machine. */
double density_level(uint8_t level)
{
	return level ? ldexp(eighths[level % 8], level / 8) : 0;
}

void density_set_levels(struct density *d, const uint8_t levels[])
{
	memmove(d->levels, levels, d->n_bins);
	for (unsigned b = 0; b < d->n_bins; b++)
		d->values[b] = density_level(d->levels[b]);
}

/* For positive doubles the order of the bits is the order of the values. */
unsigned density_key(double magnitude)
{
	uint64_t bits;

	memcpy(&bits, &magnitude, sizeof(bits));
	return (unsigned)(bits >> KEY_SHIFT);
}

/* The magnitude at the start of the last bin. */
double density_unit(const struct density *d)
{
	uint64_t bits = (uint64_t)d->top_key << KEY_SHIFT;
	double v;

	memcpy(&v, &bits, sizeof(v));
	return v;
}

/* The first bin also takes everything below it; the others need keys of their own. */
bool density_possible(unsigned top_key, unsigned n_bins)
{
	return n_bins <= DENSITY_MAX_BINS && top_key < TOP_KEY_MAX && top_key + 1 >= n_bins;
}

/* The densest bin gets level 255; others are relative to it in eighths of an octave. A
   bin that occurs has at least level 1, or its codes could not be coded. */
void density_fit(struct density *d, const uint64_t n_codes[DENSITY_MAX_BINS],
	const double exposure[DENSITY_MAX_BINS])
{
	double density[DENSITY_MAX_BINS] = { 0 }, most = 0;

	for (unsigned b = 0; b < d->n_bins; b++) {
		if (n_codes[b] && exposure[b] > 0)
			density[b] = (double)n_codes[b] / exposure[b];
		most = density[b] > most ? density[b] : most;
	}
	for (unsigned b = 0; b < d->n_bins; b++) {
		double level = density[b] > 0 ? 255 - rint(8 * log2(most / density[b])) : 0;

		d->levels[b] = n_codes[b] ? (uint8_t)fmax(level, 1) : 0;
	}
	density_set_levels(d, d->levels);
}
