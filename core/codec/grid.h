/* SPDX-License-Identifier: MIT */
/*
 * Transform `grid` (docs/format.md, section 3.3): floats that are multiples of a scale
 * per channel, as the integers that they are, which coder `bins` codes. Bit for bit, the
 * sign of zero included.
 */
#ifndef ALCM_CODEC_GRID_H
#define ALCM_CODEC_GRID_H

#include <stddef.h>
#include <stdint.h>

#include "alcm.h"
#include "codec/bins.h"
#include "tensor/span.h"

/*
 * Code the span's values at `raw`, which span->grid describes: parameters, then codes by
 * CODER_BINS, behind each other at `out`. Returns their length together, `*params_len` of
 * it parameters; 0 when a value is on no grid, or they don't fit into `capacity`.
 */
size_t grid_encode(const uint8_t *raw, const struct span *span,
	const struct bins_scratch *scratch, uint8_t *out, size_t capacity,
	uint32_t *params_len);

/*
 * The other way: exactly n bytes, of elements of `width` bytes, to `raw`. Both inputs are
 * hostile. -EIO and `diag`.
 */
int grid_decode(const uint8_t *params, uint32_t params_len, const uint8_t *codes,
	uint32_t codes_len, unsigned width, bool big_endian,
	const struct bins_scratch *scratch, uint8_t *raw, uint32_t n, struct alcm_diag *diag);

#endif
