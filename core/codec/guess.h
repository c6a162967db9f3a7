/* SPDX-License-Identifier: MIT */
/* What a chunk's bytes look like where no parser says what they are (predict/infer.h). */
#ifndef ALCM_CODEC_GUESS_H
#define ALCM_CODEC_GUESS_H

#include "format/format.h"

/*
 * The segments that `layout` has, and guesses where it has none in the chunk `raw`, the `len` bytes at `off` of the
 * file: `*n` of them, freed with mem_free(). NULL when there is nothing to guess, and without memory.
 */
struct segment *codec_guess(const struct layout *layout, const uint8_t *raw, uint64_t off,
	uint32_t len, size_t *n);

#endif
