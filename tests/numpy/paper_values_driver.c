/* SPDX-License-Identifier: MIT */
/*
 * Profile `paper` over a raw array, for tests/numpy/paper_values.py:
 *
 *     paper_values_driver DTYPE COMPONENTS CHANNELS CHANNEL_LEN C|F ENTROPY PRUNE_SHARE \
 *         <values >result
 *
 * The result is the scales, then the quantised values, then the thresholds (as doubles).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "lossy/paper.h"
#include "tensor/values.h"

struct array {
	enum dtype_id dtype;
	unsigned width;
	uint8_t *bytes;
};

static int read_array(void *ctx, uint64_t first, uint32_t n, double *out)
{
	const struct array *a = ctx;

	return values_get(out, a->bytes + first * a->width, n, a->dtype, false) ? 0 : -1;
}

static enum dtype_id dtype_named(const char *name)
{
	for (unsigned id = 0; id < DTYPE_COUNT; id++) {
		if (strcmp(dtype_get(id)->name, name) == 0)
			return id;
	}
	fprintf(stderr, "no dtype %s\n", name);
	exit(2);
}

static void put(const struct array *a, const double *values, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++) {
		uint8_t bytes[8];

		values_put(bytes, &values[i], 1, a->dtype, false);
		fwrite(bytes, a->width, 1, stdout);
	}
}

int main(int argc, char **argv)
{
	if (argc != 8)
		return 2;

	struct array a = { .dtype = dtype_named(argv[1]) };
	struct lossy_shape shape = {
		.dtype = a.dtype,
		.n_components = (unsigned)atoi(argv[2]),
		.n_channels = strtoull(argv[3], NULL, 10),
		.channel_len = strtoull(argv[4], NULL, 10),
		.fortran_order = argv[5][0] == 'F',
	};
	uint64_t n = lossy_n_values(&shape);
	struct value_source source = { &a, n, read_array };
	struct lossy_params p;

	a.width = dtype_get(a.dtype)->width_bytes;
	a.bytes = mem_alloc(n * a.width);

	double *x = mem_zalloc(n, sizeof(double)), *y = mem_zalloc(n, sizeof(double));

	if (!a.bytes || !x || !y || fread(a.bytes, a.width, n, stdin) != n)
		return 2;

	int err = paper_fit(&source, &shape, atof(argv[6]), atof(argv[7]), &p);

	if (err) {
		fprintf(stderr, "paper_fit: %s\n", strerror(-err));
		return 1;
	}
	(void)read_array(&a, 0, (uint32_t)n, x);
	if (!lossy_apply(&p, &shape, 0, (uint32_t)n, x, y, false))
		fprintf(stderr, "not finite\n");
	put(&a, p.scales, p.n_scales);
	put(&a, y, n);
	fwrite(p.thresholds, sizeof(double), shape.n_components, stdout);

	/* What was quantised once stays, in whatever pieces it comes. */
	for (uint64_t at = 0, piece; at < n; at += piece) {
		piece = n - at < 77 ? n - at : 77;
		if (!lossy_apply(&p, &shape, at, (uint32_t)piece, y + at, x + at, true) ||
			memcmp(x + at, y + at, piece * sizeof(double)) != 0) {
			fprintf(stderr, "a second time changes values\n");
			return 1;
		}
	}
	lossy_params_release(&p);
	mem_free(a.bytes);
	mem_free(x);
	mem_free(y);
	return 0;
}
