/* SPDX-License-Identifier: MIT */
#include "coder/histogram.h"

#include "base/le.h"

/*
 * A counter that is added to again must wait for the last addition to it, and where few symbols are
 * frequent that is what all time goes into: so eight tables take turns.
 */
enum { N_TABLES = 8 };

void histogram_of(const uint8_t *in, size_t n, uint32_t counts[256])
{
	uint32_t of[N_TABLES][256] = { { 0 } };
	size_t i = 0;

	for (; i + 8 <= n; i += 8) {
		uint64_t eight = le_get64(in + i);

		for (unsigned k = 0; k < N_TABLES; k++)
			of[k][eight >> 8 * k & 0xff]++;
	}
	for (; i < n; i++)
		of[0][in[i]]++;
	for (unsigned s = 0; s < 256; s++) {
		counts[s] = 0;
		for (unsigned k = 0; k < N_TABLES; k++)
			counts[s] += of[k][s];
	}
}
