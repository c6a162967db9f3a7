/* SPDX-License-Identifier: MIT */
/*
 * Coder `spread` (docs/format.md, section 3.5): coder `density` with a map of how large the values
 * of each row and each column are, for tensors that have one scale. The paper's entropy map, with
 * an entry per row and column instead of one number.
 */
#ifndef ALCM_CODEC_SPREAD_H
#define ALCM_CODEC_SPREAD_H

#include <stddef.h>
#include <stdint.h>

#include "alcm.h"
#include "codec/grid_values.h"

enum {
	SPREAD_MIN_COLUMNS = 16,
	SPREAD_MAX_COLUMNS = 4096,
	SPREAD_HEAD_BYTES = 12,
};

/*
 * Code the part's values, multiples of `scale`, the first of which is number `row_skip` of a row
 * of row_len values. The length, or 0: a value is on no grid, it doesn't fit into `room`, or a map
 * doesn't look like paying.
 */
size_t spread_encode(const struct grid_part *part, double scale, uint32_t row_len,
	uint32_t row_skip, uint8_t *out, size_t room);

/* The other way. The input is hostile: -EIO and `diag`. */
int spread_decode(const struct grid_part *part, double scale, const uint8_t *in, size_t len,
	struct alcm_diag *diag);

#endif
