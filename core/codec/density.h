/* SPDX-License-Identifier: MIT */
/* A density of magnitudes, in bins of an eighth of an octave (docs/format.md, section
   3.6). Coder `bins` has one, for |code · factor of its class|. */
#ifndef ALCM_CODEC_DENSITY_H
#define ALCM_CODEC_DENSITY_H

#include <stdbool.h>
#include <stdint.h>

enum { DENSITY_MAX_BINS = 64 };

struct density {
	/* of the last bin: the leading 15 bits of a double, of which 3 are mantissa */
	unsigned top_key;
	unsigned n_bins;
	double values[DENSITY_MAX_BINS];  /* of the levels */
	uint8_t levels[DENSITY_MAX_BINS]; /* log2 of density in eighths; 0 = none */
};

/* The density that a level stands for. */
double density_level(uint8_t level);

/* The key of a magnitude > 0. */
unsigned density_key(double magnitude);

/* The bin of a key that is not above top_key. */
static inline unsigned density_bin(const struct density *d, unsigned key)
{
	unsigned from_top = d->top_key - key;

	return from_top < d->n_bins ? d->n_bins - 1 - from_top : 0;
}

/*
 * Fit the density from the number of codes in each bin, `n_codes`, and the number that
 * could have been there: `exposure` (values × codes × scale). Levels and values are
 * filled.
 */
void density_fit(struct density *d, const uint64_t n_codes[DENSITY_MAX_BINS],
	const double exposure[DENSITY_MAX_BINS]);

/* Whether bins at these keys are possible. */
bool density_possible(unsigned top_key, unsigned n_bins);

/* Set the levels of n_bins bins, and the values from them. */
void density_set_levels(struct density *d, const uint8_t levels[]);

/* The factor for the levels of zeros. */
double density_unit(const struct density *d);

#endif
