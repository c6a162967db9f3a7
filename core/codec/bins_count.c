/* SPDX-License-Identifier: MIT */
/* Counting symbols by class, for the fit of coder `bins`. */
#include <string.h>

#include "codec/bins_fit.h"

/* Even and odd values are counted in separate tables: incrementing the count that was
   just written would wait for the store. */
void bins_count(struct bins_fit *f, const uint8_t *values, const uint8_t *classes)
{
	uint32_t *counts = f->counts[0], *odd = f->odd_counts[0], i = 0;

	memset(counts, 0, sizeof(f->counts[0]) * f->bins.n_classes);
	memset(odd, 0, sizeof(f->counts[0]) * f->bins.n_classes);
	for (; i + 1 < f->n && classes; i += 2) {
		counts[classes[i] * BINS_SYMBOLS + values[i]]++;
		odd[classes[i + 1] * BINS_SYMBOLS + values[i + 1]]++;
	}
	for (; i + 1 < f->n; i += 2) {
		counts[values[i]]++;
		odd[values[i + 1]]++;
	}
	if (i < f->n)
		counts[(classes ? classes[i] : 0u) * BINS_SYMBOLS + values[i]]++;
	for (unsigned c = 0; c < f->bins.n_classes; c++) {
		f->in_class[c] = 0;
		for (unsigned s = 0; s < BINS_SYMBOLS; s++) {
			f->counts[c][s] += f->odd_counts[c][s];
			f->in_class[c] += f->counts[c][s];
		}
	}
}
