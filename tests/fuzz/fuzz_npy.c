/* SPDX-License-Identifier: MIT */
/* The .npy parser, and the spans of what it makes of a header. */
#include <stdlib.h>

#include "format/npy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct npy npy;
	struct segment array = { .elem_bytes = 1 };
	struct segment_cut cut = { &array, 0 };
	uint64_t offs[] = { 0, 100, 262144 };

	if (npy_parse(data, size, &npy)) {
		array = npy_segment(&npy);
		cut.n = 1;
	}
	for (unsigned i = 0; i < 3; i++) {
		struct span spans[SPAN_MAX];
		unsigned n = format_spans(&cut, offs[i], 4099, spans);
		uint64_t sum = 0;

		for (unsigned k = 0; k < n; k++)
			sum += spans[k].len_bytes;
		if (n == 0 || n > SPAN_MAX || sum != 4099)
			abort();
	}
	return 0;
}
