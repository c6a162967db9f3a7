/* SPDX-License-Identifier: MIT */
/* The model that coder `bins` fits to a part: a class for every value, and a density that
   gives the frequencies. */
#ifndef ALCM_CODEC_BINS_FIT_H
#define ALCM_CODEC_BINS_FIT_H

#include "codec/bins_model.h"

struct bins_fit {
	uint32_t n;       /* values */
	struct bins bins; /* the caller sets `shift` before */
	struct spread_map map;
	uint32_t in_class[BINS_MAX_CLASSES];
	uint32_t counts[BINS_MAX_CLASSES][BINS_SYMBOLS];
	/* of every other value, while counting */
	uint32_t odd_counts[BINS_MAX_CLASSES][BINS_SYMBOLS];
};

/* The classes of n values, behind their symbols. */
static inline uint8_t *bins_classes(const struct bins_scratch *s, uint32_t n)
{
	return s->symbols + n;
}

/* Choose classes for the values whose symbols are in the scratch memory, and fit the
   rest. False: impossible. */
bool bins_fit(struct bins_fit *f, const struct grid_map *m, const struct bins_scratch *s);

/* Choose classes by rows and columns (f->map.row_len, row_skip) if that is likely to pay.
   True: f->map, `classes`, f->counts and f->in_class are filled. */
bool bins_fit_map(struct bins_fit *f, const struct bins_symbol symbols[BINS_SYMBOLS],
	const uint8_t *values, uint8_t *classes);

/* Count values by class and symbol. `classes` NULL: all are of class 0. */
void bins_count(struct bins_fit *f, const uint8_t *values, const uint8_t *classes);

#endif
