/* SPDX-License-Identifier: MIT */
/*
 * Transform `grid` (docs/format.md, section 3.3): floats that are multiples of a scale
 * per channel become integers, which coder `bins` codes. Bit for bit, including the sign
 * of zero.
 */
#ifndef ALCM_CODEC_GRID_H
#define ALCM_CODEC_GRID_H

#include <stddef.h>
#include <stdint.h>

#include "alcm.h"
#include "codec/bins.h"
#include "tensor/span.h"

/*
 * Code the span's values at `raw`, which span->grid describes, to `out`: parameters, then
 * codes by CODER_BINS. Returns their total length, of which `*params_len` are parameters.
 * 0: a value is on no grid, or the result exceeds `capacity`.
 */
size_t grid_encode(const uint8_t *raw, const struct span *span,
	const struct bins_scratch *scratch, uint8_t *out, size_t capacity,
	uint32_t *params_len);

/* Decode exactly n bytes, elements of `width` bytes, to `raw`. Both inputs are hostile.
   -EIO and `diag`. */
int grid_decode(const uint8_t *params, uint32_t params_len, const uint8_t *codes,
	uint32_t codes_len, unsigned width, bool big_endian,
	const struct bins_scratch *scratch, uint8_t *raw, uint32_t n, struct alcm_diag *diag);

#endif
