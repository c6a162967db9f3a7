/* SPDX-License-Identifier: MIT */
/*
 * A map of the spread of each row's and each column's values (docs/format.md, section
 * 3.6). A value's class is the level of its row plus that of its column. Each level
 * stands for a factor of √2 in magnitude. Divided by the spread of its class, every value
 * follows one density.
 */
#ifndef ALCM_CODEC_SPREAD_MAP_H
#define ALCM_CODEC_SPREAD_MAP_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	SPREAD_MIN_COLUMNS = 16,
	SPREAD_MAX_COLUMNS = 4096,
	SPREAD_LEVELS = 16,    /* of a row or column */
	SPREAD_COUNT_STEP = 4, /* of the model of levels */
	SPREAD_MAX_TOTAL = 8192,
};

struct spread_map {
	uint32_t row_len, row_skip;
	uint8_t columns[SPREAD_MAX_COLUMNS];
};

/* Counts of the levels seen so far. All are halved when the total gets large. */
struct spread_model {
	uint32_t counts[SPREAD_LEVELS], total;
};

static inline void spread_model_init(struct spread_model *m)
{
	for (unsigned i = 0; i < SPREAD_LEVELS; i++)
		m->counts[i] = 1;
	m->total = SPREAD_LEVELS;
}

static inline void spread_model_add(struct spread_model *m, unsigned level)
{
	m->counts[level] += SPREAD_COUNT_STEP;
	m->total += SPREAD_COUNT_STEP;
	if (m->total <= SPREAD_MAX_TOTAL)
		return;
	m->total = 0;
	for (unsigned i = 0; i < SPREAD_LEVELS; i++) {
		m->counts[i] -= m->counts[i] >> 1;
		m->total += m->counts[i];
	}
}

static inline uint32_t spread_model_start(const struct spread_model *m, unsigned level)
{
	uint32_t start = 0;

	for (unsigned i = 0; i < level; i++)
		start += m->counts[i];
	return start;
}

/* The factor of a class goes into the scale: magnitudes are divided by √2^class. */
static inline double spread_scale(double scale, unsigned class)
{
	return ldexp(class & 1 ? scale * 0.70710678118654757 : scale, -(int)(class / 2));
}

/* Iterates over the pieces of rows within a part. False behind the last one. */
struct spread_row {
	/* first value of the piece, its values, its first column */
	uint32_t at, count, column;
};

static inline bool spread_next_row(const struct spread_map *m, uint32_t n,
	struct spread_row *w)
{
	w->column = w->count ? 0 : m->row_skip;
	w->at += w->count;
	if (w->at >= n)
		return false;
	w->count = m->row_len - w->column;
	if (w->count > n - w->at)
		w->count = n - w->at;
	return true;
}

#endif
