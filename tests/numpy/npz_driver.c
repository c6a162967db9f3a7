/* SPDX-License-Identifier: MIT */
/*
 * .npz for tests/numpy/npz.py:
 *
 *     npz_driver stored|compressed NAME DESCR SHAPE BYTES [NAME …] <data >archive
 *
 * SHAPE is "100x100", or "-" for a scalar; the arrays' data follow each other.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "npz_write.h"

enum { MOST_ARRAYS = 8, MOST_BYTES = 1 << 24 };

static uint8_t input[MOST_BYTES];

static unsigned parse_shape(char *text, uint64_t shape[NPZ_MAX_DIMS])
{
	unsigned n = 0;

	for (char *at = strtok(text, "x-"); at && n < NPZ_MAX_DIMS; at = strtok(NULL, "x-"))
		shape[n++] = strtoull(at, NULL, 10);
	return n;
}

int main(int argc, char **argv)
{
	struct npz_array arrays[MOST_ARRAYS] = { 0 };
	unsigned n = 0;
	uint8_t *out;
	size_t len = fread(input, 1, sizeof(input), stdin), at = 0;

	for (int i = 2; i + 3 < argc && n < MOST_ARRAYS; i += 4, n++) {
		arrays[n].name = argv[i];
		arrays[n].descr = argv[i + 1];
		arrays[n].n_dims = parse_shape(argv[i + 2], arrays[n].shape);
		arrays[n].data_bytes = strtoull(argv[i + 3], NULL, 10);
		arrays[n].data = input + at;
		at += arrays[n].data_bytes;
	}
	if (argc < 2 || at != len || npz_write(arrays, n, argv[1][0] == 'c', &out, &len))
		return 2;
	at = fwrite(out, 1, len, stdout);
	mem_free(out);
	return at != len;
}
