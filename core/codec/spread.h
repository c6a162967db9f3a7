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

/* Decode the part's values, multiples of `scale`. The input is hostile: -EIO and `diag`. */
int spread_decode(const struct grid_part *part, double scale, const uint8_t *in, size_t len,
	struct alcm_diag *diag);

#endif
