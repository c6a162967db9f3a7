/* SPDX-License-Identifier: MIT */
/* Tables are made of additions, multiplications, divisions and floor() of doubles only: they are the
   same on every machine. */
#include "codec/density.h"

#include <math.h>
#include <string.h>

#include "base/le.h"

enum { KEY_SHIFT = 52 - 3, TOP_KEY_MAX = 0x3ff7 };

#define MOST_CODES 0x1p52

/* 2^(i/8) */
static const double eighths[8] = { 1.0, 1.0905077326652577, 1.189207115002721, 1.2968395546510096,
	1.4142135623730951, 1.5422108254079407, 1.681792830507429, 1.8340080864093424 };

double density_level(uint8_t level)
{
	return level ? ldexp(eighths[level % 8], level / 8) : 0;
}

void density_set_levels(struct density *d, const uint8_t levels[DENSITY_SYMBOLS])
{
	memmove(d->levels, levels, 2 + d->n_bins);
	for (unsigned s = 0; s < 2 + d->n_bins; s++)
		d->values[s] = density_level(d->levels[s]);
}

unsigned density_key(double magnitude)
{
	uint64_t bits;

	memcpy(&bits, &magnitude, sizeof(bits));
	return (unsigned)(bits >> KEY_SHIFT);
}

static double key_magnitude(unsigned key)
{
	uint64_t bits = (uint64_t)key << KEY_SHIFT;
	double v;

	memcpy(&v, &bits, sizeof(v));
	return v;
}

/* How many k ≥ 1 there are with k · scale < limit. */
static double codes_below(double limit, double scale)
{
	double ratio = limit / scale, k;

	if (!(ratio < MOST_CODES))
		return MOST_CODES;
	k = (double)(int64_t)ratio; /* floor(), without a call */
	while (k > 0 && k * scale >= limit)
		k--;
	while ((k + 1) * scale < limit)
		k++;
	return k;
}

bool density_count_codes(const struct density *d, double scale, struct density_table *t)
{
	t->n_symbols = 2 + d->n_bins;
	t->below[0] = 0;
	for (unsigned b = 1; b <= d->n_bins; b++)
		t->below[b] = codes_below(key_magnitude(d->top_key - d->n_bins + 1 + b), scale);
	return !d->n_bins || t->below[d->n_bins] < MOST_CODES;
}

double density_unit(const struct density *d)
{
	return key_magnitude(d->top_key);
}

/* The first bin begins at 0; those above it have keys of their own. */
bool density_possible(unsigned top_key, unsigned n_bins)
{
	return n_bins <= DENSITY_MAX_BINS && top_key < TOP_KEY_MAX && top_key + 1 >= n_bins;
}

bool density_frequencies(const struct density *d, double scale, struct density_table *t)
{
	double weights[DENSITY_SYMBOLS], sum = 0, unit = key_magnitude(d->top_key);
	uint32_t used = 0, at = 0;
	unsigned n_possible = 0, heaviest = 0;

	for (unsigned s = 0; s < t->n_symbols; s++) {
		double extent = s < 2 ? unit : (t->below[s - 1] - t->below[s - 2]) * scale;

		weights[s] = d->values[s] * extent;
		sum += weights[s];
		n_possible += weights[s] > 0;
		if (weights[s] > weights[heaviest])
			heaviest = s;
	}
	if (!(sum > 0) || !isfinite(sum))
		return false;
	for (unsigned s = 0; s < t->n_symbols; s++) {
		double share = weights[s] * (DENSITY_TOTAL - n_possible) / sum;

		t->start[s] = weights[s] > 0 ? 1 + (uint32_t)share : 0;
		used += t->start[s];
	}
	t->start[heaviest] += DENSITY_TOTAL - used;
	for (unsigned s = 0; s <= t->n_symbols; s++) {
		uint32_t size = s < t->n_symbols ? t->start[s] : 0;

		t->start[s] = at;
		at += size;
	}
	return true;
}

void density_shortcuts(const struct density_table *t, uint8_t first[DENSITY_BUCKETS])
{
	unsigned s = 0;

	for (uint32_t bucket = 0; bucket < DENSITY_BUCKETS; bucket++) {
		while (t->start[s + 1] <= bucket << DENSITY_BUCKET_BITS)
			s++;
		first[bucket] = (uint8_t)s;
	}
}

void density_fit(struct density *d, const uint64_t n_codes[DENSITY_SYMBOLS],
	const double exposure[DENSITY_MAX_BINS], uint64_t n_values)
{
	double density[DENSITY_SYMBOLS] = { 0 }, most = 0;
	double unit = key_magnitude(d->top_key);

	for (unsigned s = 0; s < 2 + d->n_bins; s++) {
		double per = s < 2 ? (double)n_values * unit : exposure[s - 2];

		if (n_codes[s] && per > 0)
			density[s] = (double)n_codes[s] / per;
		most = density[s] > most ? density[s] : most;
	}
	for (unsigned s = 0; s < 2 + d->n_bins; s++) {
		double level = density[s] > 0 ? 255 - rint(8 * log2(most / density[s])) : 0;

		d->levels[s] = n_codes[s] ? (uint8_t)fmax(level, 1) : 0;
	}
	density_set_levels(d, d->levels);
}

bool density_class_table(const struct density *d, const uint8_t zero_levels[2], double scale,
	struct density_table *t)
{
	struct density of_class = *d;

	of_class.values[0] = density_level(zero_levels[0]);
	of_class.values[1] = density_level(zero_levels[1]);
	return density_count_codes(d, scale, t) && density_frequencies(&of_class, scale, t);
}

size_t density_get(struct density *d, const uint8_t *in, size_t len)
{
	if (len < DENSITY_HEAD_BYTES)
		return 0;
	d->top_key = le_get16(in);
	d->n_bins = in[2];
	if (!density_possible(d->top_key, d->n_bins) || len < DENSITY_HEAD_BYTES + d->n_bins)
		return 0;
	density_set_levels(d, in + 3);
	return DENSITY_HEAD_BYTES + d->n_bins;
}
