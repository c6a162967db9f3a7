/* SPDX-License-Identifier: MIT */
/*
 * Coder `bins` (docs/format.md, section 3.6): codes of transform `grid` as symbols, which
 * are their leading bits, and raw bits, which are the others. The symbols' frequencies
 * are not stored: one density of the magnitudes gives those of every class of values. A
 * value's class says how far values spread around it: by its scale, or, where there is
 * one scale, by its row and column. The latter is the paper's entropy map, with an entry
 * per row and column instead of one number.
 */
#ifndef ALCM_CODEC_BINS_H
#define ALCM_CODEC_BINS_H

#include "alcm.h"
#include "codec/grid_values.h"
#include "coder/ans.h"

enum {
	BINS_MAX_CLASSES = 31,
	BINS_SYMBOLS = 256, /* that tables have room for */
};

/* Memory of one thread; what is in it before doesn't matter. */
struct bins_scratch {
	uint8_t *symbols; /* two bytes per value */
	uint8_t *bits;    /* bits_room bytes, and BINS_BITS_SLACK behind them */
	size_t bits_capacity;
	union bins_tables {
		uint32_t slots[BINS_MAX_CLASSES * ANS_SLOTS];
		uint32_t symbols[BINS_MAX_CLASSES * BINS_SYMBOLS];
	} * tables;
	double *scales; /* for decoding: a part's */
};

enum { BINS_BITS_SLACK = 2048 }; /* behind bits_room: more than GRID_BLOCK values take */

/*
 * Code the part's values, multiples of the map's scales. The length, or 0: a value is on
 * no grid, or it doesn't fit into `capacity`.
 */
size_t bins_encode(const struct grid_part *part, const struct grid_map *map,
	const struct bins_scratch *scratch, uint8_t *out, size_t capacity);

/* The other way. The input is hostile, the map is possible: -EIO and `diag`. */
int bins_decode(const struct grid_part *part, const struct grid_map *map,
	const struct bins_scratch *scratch, const uint8_t *in, size_t len,
	struct alcm_diag *diag);

#endif
