/* SPDX-License-Identifier: MIT */
/*
 * Transform `grid` with its coders `density` and `spread` (docs/format.md, sections 3.3 to 3.5): floats that are
 * multiples of a scale per channel, as the integers that they are. Bit for bit, the sign of zero
 * included.
 */
#ifndef ALCM_CODEC_GRID_H
#define ALCM_CODEC_GRID_H

#include <stddef.h>
#include <stdint.h>

#include "alcm.h"
#include "tensor/span.h"

/*
 * Code the span's values at `raw`, which span->grid describes: parameters, then codes by `*coder`
 * (CODER_DENSITY or CODER_SPREAD), behind each other at `out`. Returns their length together,
 * `*params_len` of it parameters; 0 when a value is on no grid, or they don't fit into `room`.
 */
size_t grid_encode(const uint8_t *raw, const struct span *span, uint8_t *out, size_t room,
	uint32_t *params_len, uint8_t *coder);

/*
 * The other way: exactly n bytes, of elements of `width` bytes, to `raw`. Both inputs are hostile.
 * -EIO and `diag`.
 */
int grid_decode(const uint8_t *params, uint32_t params_len, uint8_t coder, const uint8_t *codes,
	uint32_t codes_len, unsigned width, bool big_endian, uint8_t *raw, uint32_t n,
	struct alcm_diag *diag);

#endif
