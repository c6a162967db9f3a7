/* SPDX-License-Identifier: MIT */
/* Guesses at the types of bytes that no parser describes (predict/infer.h). */
#ifndef ALCM_CODEC_GUESS_H
#define ALCM_CODEC_GUESS_H

#include "format/format.h"

/*
 * Add guesses to `cut` where it has no segment in the chunk `raw`, the `len` bytes at
 * `off` of the file. Its items are freed with mem_free(). Nothing changes without memory.
 */
void codec_guess(struct segment_cut *cut, const uint8_t *raw, uint64_t off, uint32_t len);

#endif
