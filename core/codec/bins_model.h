/* SPDX-License-Identifier: MIT */
/* The parts of coder `bins` that encoding and decoding share: symbols, classes, and
   frequencies from the density. */
#ifndef ALCM_CODEC_BINS_MODEL_H
#define ALCM_CODEC_BINS_MODEL_H

#include <string.h>

#include "codec/bins.h"
#include "codec/density.h"
#include "codec/spread_map.h"

enum {
	BINS_HEAD = 14,
	BINS_MAP_HEAD = 12,
	BINS_OCTAVES = 31,   /* that keys reach over; codes below them share a symbol */
	BINS_MAX_SHIFT = 21, /* so that codes are below 2^52 */
	BINS_FIRST_KEY = 3,  /* symbols before: +0, −0, small codes */
	/* a key: the leading 15 bits of a double, of which 3 are mantissa */
	BINS_KEY_SHIFT = 49,
	/* magnitudes are at least 2^-15 and below 2^52 */
	BINS_LEAST_TOP_KEY = (1023 - 16) * 8,
	BINS_END_KEY = (1023 + 52) * 8,
	BINS_FREE_BYTES = 64, /* the raw bits that the states carry */
};

struct bins {
	struct density density; /* of magnitudes |code| · factor of the class */
	bool has_map;
	unsigned shift, n_symbols, n_classes;
	unsigned step;      /* half octaves from a class to the next: 1 or 2 */
	unsigned top_scale; /* half octave of class 0, without a map */
	uint32_t n_words;
	uint8_t zero_levels[BINS_MAX_CLASSES][2];
};

struct bins_symbol {
	double count, middle; /* codes > 0 that it stands for, and the middle one */
	uint64_t first;       /* the smallest code */
	unsigned n_bits;      /* raw bits, the sign included */
};

/* The symbols of codes, [0, b->n_symbols). */
void bins_symbols(const struct bins *b, struct bins_symbol symbols[BINS_SYMBOLS]);

/* Codes of a class are as large as 1 / factor of those of class 0. */
static inline double bins_factor(const struct bins *b, unsigned class)
{
	return spread_scale(1, class * b->step);
}

/* The frequencies of a class, which add up to ANS_SLOTS. False: there are none. */
bool bins_frequencies(const struct bins *b,
	const struct bins_symbol symbols[BINS_SYMBOLS], unsigned class,
	uint32_t frequencies[BINS_SYMBOLS]);

/* The bin of a magnitude > 0 in the density; negative: it is above all of them. */
static inline int bins_bin(const struct density *d, double magnitude)
{
	unsigned key = density_key(magnitude);

	return key > d->top_key ? -1 : (int)density_bin(d, key);
}

/* Half octaves of a scale. */
static inline unsigned bins_half_octave(double scale)
{
	const uint64_t root_2 = 0x6a09e667f3bcd; /* its mantissa */
	uint64_t bits;

	memcpy(&bits, &scale, sizeof(bits));
	return (unsigned)(bits >> 52) * 2 + ((bits & (((uint64_t)1 << 52) - 1)) >= root_2);
}

/* The class of a scale; scales beyond the last class belong to it. */
static inline uint8_t bins_class(const struct bins *b, double scale)
{
	unsigned class = (b->top_scale - bins_half_octave(scale)) / b->step;

	return (uint8_t)(class < b->n_classes ? class : b->n_classes - 1);
}

/* Scales and classes of values [from, from + n), n ≤ GRID_BLOCK; either may be NULL. */
void bins_scales(const struct bins *b, const struct grid_map *m, uint32_t from,
	uint32_t n, double *scales, uint8_t *classes);

#endif
