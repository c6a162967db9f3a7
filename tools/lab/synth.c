/* SPDX-License-Identifier: MIT */
/*
 * numpy.random.seed(epoch + 42), randn() for all values, then rand() > 0.3 as a mask. The
 * order of the calls decides the result.
 *
 * So about 30 % of a gradient are zeros, and the others are normal numbers: that is all
 * the paper's data has in common with a real gradient. Its zeros may be -0.0, as a
 * negative value times 0.0 is in NumPy.
 */
#include "synth.h"

#include "mt19937.h"

static const uint32_t first_seed = 42;
static const double zeroed_share = 0.3;

void synth_gradient(uint32_t epoch, size_t rows, size_t cols, float *out)
{
	struct mt19937 mt;

	mt19937_seed(&mt, epoch + first_seed);
	for (size_t i = 0; i < rows * cols; i++)
		out[i] = (float)mt19937_randn(&mt);
	/* rand() ignores the kept normal value, so an odd count needs no care. */
	for (size_t i = 0; i < rows * cols; i++)
		out[i] *= mt19937_rand(&mt) > zeroed_share ? 1.0f : 0.0f;
}
