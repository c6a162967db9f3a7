/* SPDX-License-Identifier: MIT */
/*
 * The fit of coder `bins`: classes for the values, then one density for all of them.
 *
 * Codes of class c are taken to be 1 / factor(c) times as large as those of class 0. So
 * code| · factor follows one density in every class, and its bins are fitted from the
 * counts of all classes together. Only zeros have levels by class.
 */
#include "codec/bins_fit.h"

#include <math.h>

#include "base/checked.h"

enum {
	HEADROOM = 48, /* levels above the bins', for zeros: a factor of 64 */
	/* values of a half octave of scales, from which on it is worth its own tables */
	MANY_VALUES = 2048,
};

/* ---- classes by scale -------------------------------------------------------------- */

/*
 * Classes are half octaves of the scale, or whole ones if there are few values in each.
 */
static void fit_scales(struct bins_fit *f, const struct grid_map *m,
	const uint8_t *values, uint8_t *classes)
{
	unsigned least = UINT32_MAX, most = 0;

	for (uint64_t i = 0; i < m->n_scales; i++) {
		unsigned h = bins_half_octave(m->scales[i]);

		least = h < least ? h : least;
		most = h > most ? h : most;
	}
	f->bins.top_scale = most;
	f->bins.step = f->n / (most - least + 1) < MANY_VALUES ? 2 : 1;
	most = (most - least) / f->bins.step;
	f->bins.n_classes = most < BINS_MAX_CLASSES ? most + 1 : BINS_MAX_CLASSES;
	for (uint32_t at = 0, n; at < f->n && f->bins.n_classes > 1; at += n) {
		n = f->n - at < GRID_BLOCK ? f->n - at : GRID_BLOCK;
		bins_scales(&f->bins, m, at, n, NULL, classes + at);
	}
	bins_count(f, values, f->bins.n_classes > 1 ? classes : NULL);
}

/* ---- the density ------------------------------------------------------------------- */

/* Place the bins over the magnitudes that occur; the topmost 64 if there are more. */
static bool place_bins(struct bins_fit *f, struct bins_symbol symbols[BINS_SYMBOLS])
{
	struct density *d = &f->bins.density;
	unsigned top = 0, low = UINT32_MAX;

	for (unsigned c = 0; c < f->bins.n_classes; c++) {
		double factor = bins_factor(&f->bins, c);

		for (unsigned s = 2; s < f->bins.n_symbols; s++) {
			unsigned key;

			if (!f->counts[c][s])
				continue;
			key = density_key(symbols[s].middle * factor);
			top = key > top ? key : top;
			low = key < low ? key : low;
		}
	}
	d->top_key = top ? top : density_key(1);
	d->n_bins = !top                   ? 0
		: top - low < DENSITY_MAX_BINS ? top - low + 1
									   : DENSITY_MAX_BINS;
	return density_possible(d->top_key, d->n_bins);
}

/* The level that gives n_zeros zeros their share of a class whose bins weigh `bins` in
   total. */
static uint8_t zero_level(uint32_t n_zeros, uint32_t n_others, double bins, double unit)
{
	double level = 255;

	if (!n_zeros)
		return 0;
	if (n_others && bins > 0)
		level = rint(8 * log2((double)n_zeros / (double)n_others * bins / unit));
	return (uint8_t)fmin(fmax(level, 1), 255);
}

/* +0 and −0 have a level each. */
static void fit_zeros(struct bins_fit *f, const struct bins_symbol symbols[BINS_SYMBOLS],
	unsigned class)
{
	const struct density *d = &f->bins.density;
	uint32_t others = f->in_class[class] - f->counts[class][0] - f->counts[class][1];
	double factor = bins_factor(&f->bins, class), bins = 0;

	for (unsigned s = 2; s < f->bins.n_symbols; s++) {
		int bin = symbols[s].count > 0 ? bins_bin(d, symbols[s].middle * factor) : -1;

		bins += bin < 0 ? 0 : d->values[bin] * (symbols[s].count * factor);
	}
	for (unsigned sign = 0; sign < 2; sign++)
		f->bins.zero_levels[class][sign] = zero_level(f->counts[class][sign], others,
			bins, density_unit(d));
}

/* Counts per bin against exposure: the values that could have fallen into it. Levels are
   then lowered by HEADROOM, or zeros that are common could get no higher level. */
static void fit_density(struct bins_fit *f,
	const struct bins_symbol symbols[BINS_SYMBOLS])
{
	uint64_t n_codes[DENSITY_MAX_BINS] = { 0 };
	double exposure[DENSITY_MAX_BINS] = { 0 };
	struct density *d = &f->bins.density;

	for (unsigned c = 0; c < f->bins.n_classes; c++) {
		double factor = bins_factor(&f->bins, c);

		for (unsigned s = 2; s < f->bins.n_symbols && f->in_class[c]; s++) {
			int bin = symbols[s].count > 0 ? bins_bin(d, symbols[s].middle * factor) : -1;

			if (bin < 0)
				continue;
			n_codes[bin] += f->counts[c][s];
			exposure[bin] += (double)f->in_class[c] * (symbols[s].count * factor);
		}
	}
	density_fit(d, n_codes, exposure);
	for (unsigned b = 0; b < d->n_bins; b++)
		d->levels[b] = d->levels[b] > HEADROOM ? d->levels[b] - HEADROOM
											   : d->levels[b] > 0;
	density_set_levels(d, d->levels);
	for (unsigned c = 0; c < f->bins.n_classes; c++) {
		if (f->in_class[c])
			fit_zeros(f, symbols, c);
	}
}

bool bins_fit(struct bins_fit *f, const struct grid_map *m, const struct bins_scratch *s)
{
	uint8_t *classes = bins_classes(s, f->n);
	struct bins_symbol symbols[BINS_SYMBOLS];
	uint8_t largest = 2;

	for (uint32_t i = 0; i < f->n; i++)
		largest = s->symbols[i] > largest ? s->symbols[i] : largest;
	f->bins.n_symbols = largest + 1u;
	bins_symbols(&f->bins, symbols);
	/* With one scale for whole rows, a map of spreads may fit better than one density. */
	if (!m->cycle && m->n_scales == 1 && m->row_len >= SPREAD_MIN_COLUMNS &&
		m->row_len <= SPREAD_MAX_COLUMNS && m->row_len <= f->n) {
		f->map.row_len = (uint32_t)m->row_len;
		f->map.row_skip = (uint32_t)(m->skip % m->row_len);
		f->bins.has_map = bins_fit_map(f, symbols, s->symbols, classes);
	}
	if (!f->bins.has_map)
		fit_scales(f, m, s->symbols, classes);
	if (!place_bins(f, symbols))
		return false;
	fit_density(f, symbols);
	return true;
}
