/* SPDX-License-Identifier: MIT */
/*
 * A density of magnitudes, in bins of an eighth of an octave (docs/format.md, section 3.4). Coder `density`
 * has one of |code · scale| for all channels, since it is over values; a channel's scale says how many codes
 * lie in each bin. Coder `bins` has one of |code · factor of its class|.
 */
#ifndef ALCM_CODEC_DENSITY_H
#define ALCM_CODEC_DENSITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	DENSITY_MAX_BINS = 64,
	DENSITY_SYMBOLS = DENSITY_MAX_BINS + 2, /* +0, −0, then the bins */
	DENSITY_TOTAL = 1 << 14,
	DENSITY_HEAD_BYTES = 5,
	DENSITY_BUCKET_BITS = 6, /* places of the total that share a shortcut to their symbols */
	DENSITY_BUCKETS = DENSITY_TOTAL >> DENSITY_BUCKET_BITS,
};

struct density {
	unsigned top_key; /* of the last bin: the leading 15 bits of a double, of which 3 are mantissa */
	unsigned n_bins;
	double values[DENSITY_SYMBOLS]; /* of the levels */
	uint8_t levels[DENSITY_SYMBOLS]; /* log2 of density in eighths; 0 = none. [0], [1]: masses of 0 */
};

/* What one scale makes of it. */
struct density_table {
	unsigned n_symbols;
	uint32_t start[DENSITY_SYMBOLS + 1]; /* of DENSITY_TOTAL */
	double below[DENSITY_MAX_BINS + 1];  /* codes ≥ 1 whose magnitude lies below bin b */
};

/* What a level stands for. */
double density_level(uint8_t level);

/* The key of a magnitude > 0. */
unsigned density_key(double magnitude);

/* The bin of a key that is not above top_key. */
static inline unsigned density_bin(const struct density *d, unsigned key)
{
	unsigned from_top = d->top_key - key;

	return from_top < d->n_bins ? d->n_bins - 1 - from_top : 0;
}

/* Count the codes per bin. False: more than 2^52. */
bool density_count_codes(const struct density *d, double scale, struct density_table *t);

/* Frequencies, after density_count_codes(). False: no code at all is possible. */
bool density_frequencies(const struct density *d, double scale, struct density_table *t);

/* The density from the codes per bin that there are, `n_codes`, and those that there might have been:
   `exposure` (values × codes × scale); and of `n_values` in all. `levels` is filled. */
void density_fit(struct density *d, const uint64_t n_codes[DENSITY_SYMBOLS],
	const double exposure[DENSITY_MAX_BINS], uint64_t n_values);

/* Whether bins can lie so. */
bool density_possible(unsigned top_key, unsigned n_bins);

/* Take the levels, of zeros and n_bins bins. */
void density_set_levels(struct density *d, const uint8_t levels[DENSITY_SYMBOLS]);

/* What the levels of zeros are multiplied with. */
double density_unit(const struct density *d);

/* Codes per bin and frequencies of a scale whose zeros have levels of their own. False: none. */
bool density_class_table(const struct density *d, const uint8_t zero_levels[2], double scale,
	struct density_table *t);

/* Shortcuts for density_symbol_at(), after density_frequencies(). */
void density_shortcuts(const struct density_table *t, uint8_t first[DENSITY_BUCKETS]);

/* The symbol that place `at` of the total belongs to. */
static inline unsigned density_symbol_at(const struct density_table *t,
	const uint8_t first[DENSITY_BUCKETS], uint32_t at)
{
	unsigned s = first[at >> DENSITY_BUCKET_BITS];

	while (t->start[s + 1] <= at)
		s++;
	return s;
}

/* From the disk: DENSITY_HEAD_BYTES + n_bins bytes. Their length, or 0 when they are wrong. */
size_t density_get(struct density *d, const uint8_t *in, size_t len);

#endif
