/* SPDX-License-Identifier: MIT */
/*
 * Integers as differences: each minus the one before, the first minus 0, modulo 2^(8 ·
 * width). The sign moves to the lowest bit (0, −1, 1, −2 … → 0, 1, 2, 3 …), and the
 * result is little-endian. Differences of sorted integers are small.
 */
#ifndef ALCM_TRANSFORM_DELTAS_H
#define ALCM_TRANSFORM_DELTAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* n elements of `width` bytes (2, 4, 8) at `in`, big-endian if `big`, to `out`. */
void deltas_make(const uint8_t *in, uint8_t *out, size_t n, unsigned width, bool big);

/* The inverse, in place. */
void deltas_undo(uint8_t *bytes, size_t n, unsigned width, bool big);

#endif
