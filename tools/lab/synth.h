/* SPDX-License-Identifier: MIT */
/* The paper's synthetic gradients ("Synthetic gradients"), bit for bit as NumPy makes
   them. */
#ifndef ALCM_LAB_SYNTH_H
#define ALCM_LAB_SYNTH_H

#include <stddef.h>
#include <stdint.h>

/*
 * The tensor of one epoch (1 … 10 in the paper's tables, 0 … 49 in training), rows × cols
 * values in C order at `out`: normal values as float32, of which a share of 0.3 are
 * zeroed at random. A negative value is zeroed to -0.0.
 */
void synth_gradient(uint32_t epoch, size_t rows, size_t cols, float *out);

#endif
