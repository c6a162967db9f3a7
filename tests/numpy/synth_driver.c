/* SPDX-License-Identifier: MIT */
/*
 * Random numbers for tests/numpy/synth.py, as raw doubles or floats on standard
 * output:
 *
 *     synth_driver gradient EPOCH ROWS COLS
 *     synth_driver rand|randn|uniform SEED COUNT      (uniform: in [-0.3, 1.7))
 *     synth_driver mixed SEED COUNT (rand after every odd number of randn)
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "mt19937.h"
#include "synth.h"

static int print_gradient(char **argv)
{
	size_t rows = strtoul(argv[3], NULL, 10), cols = strtoul(argv[4], NULL, 10);
	AUTO_FREE float *values = mem_zalloc(rows * cols, sizeof(*values));

	if (!values)
		return 1;
	synth_gradient((uint32_t)strtoul(argv[2], NULL, 10), rows, cols, values);
	return fwrite(values, sizeof(*values), rows * cols, stdout) != rows * cols;
}

static double next(struct mt19937 *mt, const char *what, size_t i)
{
	if (strcmp(what, "rand") == 0)
		return mt19937_rand(mt);
	if (strcmp(what, "randn") == 0)
		return mt19937_randn(mt);
	if (strcmp(what, "uniform") == 0)
		return mt19937_uniform(mt, -0.3, 1.7);
	return i % 4 == 3 ? mt19937_rand(mt) : mt19937_randn(mt);
}

int main(int argc, char **argv)
{
	struct mt19937 mt;
	size_t n;

	if (argc == 5 && strcmp(argv[1], "gradient") == 0)
		return print_gradient(argv);
	if (argc != 4)
		return 2;
	n = strtoul(argv[3], NULL, 10);
	mt19937_seed(&mt, (uint32_t)strtoul(argv[2], NULL, 10));
	for (size_t i = 0; i < n; i++) {
		double v = next(&mt, argv[1], i);

		fwrite(&v, sizeof(v), 1, stdout);
	}
	return ferror(stdout);
}
