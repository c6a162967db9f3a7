/* SPDX-License-Identifier: MIT */
/*
 * Coder `bins` (docs/format.md, section 3.6) codes the integers of transform `grid`. The
 * leading bits of a code are a symbol, the others are raw bits. Frequencies of symbols
 * are not stored: one density of the magnitudes gives those of every class of values. The
 * class says how far values spread. It comes from the value's scale or, if there is one
 * scale, from its row and column. The latter is the paper's entropy map, with an entry
 * per row and column instead of one number.
 */
#ifndef ALCM_CODEC_BINS_H
#define ALCM_CODEC_BINS_H

#include "alcm.h"
#include "codec/grid_values.h"
#include "coder/ans.h"

enum {
	BINS_MAX_CLASSES = 31,
	BINS_SYMBOLS = 256, /* the most symbols in a table */
};

/* Memory of one thread; its content before a call doesn't matter. */
struct bins_scratch {
	uint8_t *symbols; /* two bytes per value */
	uint8_t *bits;    /* bits_room bytes, and BINS_BITS_SLACK behind them */
	size_t bits_capacity;
	union bins_tables {
		uint32_t slots[BINS_MAX_CLASSES * ANS_SLOTS];
		uint32_t symbols[BINS_MAX_CLASSES * BINS_SYMBOLS];
	} * tables;
	double *scales; /* for decoding: the scales of a part */
};

enum { BINS_BITS_SLACK = 2048 }; /* behind bits_room: more than GRID_BLOCK values take */

/*
 * Code the part's values, multiples of the map's scales. The length, or 0: a value is on
 * no grid, or it doesn't fit into `capacity`.
 */
size_t bins_encode(const struct grid_part *part, const struct grid_map *map,
	const struct bins_scratch *scratch, uint8_t *out, size_t capacity);

/* Decode. The input is hostile, but the map was checked: -EIO and `diag`. */
int bins_decode(const struct grid_part *part, const struct grid_map *map,
	const struct bins_scratch *scratch, const uint8_t *in, size_t len,
	struct alcm_diag *diag);

#endif
