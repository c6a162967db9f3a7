/* SPDX-License-Identifier: MIT */
/* Zeros of holes may be passed over: every fit gives the same as by reading them, to the
   bit. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "lossy/bounded.h"
#include "lossy/paper.h"
#include "lossy/uniform.h"

enum { N = 60 * 4096 };

struct array {
	double values[N];
	uint64_t n_read;
};

static struct array a;

static int read_array(void *ctx, uint64_t first, uint32_t n, double *out)
{
	struct array *array = ctx;

	ck_assert_uint_le(first + n, N);
	memcpy(out, array->values + first, n * sizeof(*out));
	array->n_read += n;
	return 0;
}

/* Holes begin and end anywhere, as the tensor's start needs not lie at a chunk's. */
static uint64_t next_nonzero(void *ctx, uint64_t first)
{
	const struct array *array = ctx;

	while (first < N && array->values[first] == 0)
		first++;
	return first;
}

static void fill(unsigned seed)
{
	memset(&a, 0, sizeof(a));
	srand(seed);
	for (unsigned run = 0; run < 6; run++) {
		unsigned from = (unsigned)rand() % N, n = 1 + (unsigned)rand() % 9000;

		for (unsigned i = from; i < from + n && i < N; i++)
			a.values[i] = (float)(rand() % 2001 - 1000) / 1024;
	}
	if (seed % 4 == 0)
		a.values[N - 1] = 1;
}

static int fit(const struct value_source *source, const struct lossy_shape *shape,
	int how, struct lossy_params *out)
{
	struct lossy_params paper;
	int err;

	if (how == 0)
		return bounded_fit(source, shape, 0.001, true, out);
	err = paper_fit(source, shape, 0.5, 0.01, &paper);
	if (err || how == 1) {
		*out = paper;
		return err;
	}
	err = uniform_fit(source, shape, &paper, out);
	lossy_params_release(&paper);
	return err;
}

static void check_same(const struct lossy_shape *shape, int how)
{
	struct value_source all = { &a, N, read_array, NULL };
	struct value_source sparse = { &a, N, read_array, next_nonzero };
	struct lossy_params want, got;
	uint64_t n_all, n_sparse;
	int err = fit(&all, shape, how, &want);

	n_all = a.n_read;
	a.n_read = 0;
	ck_assert_int_eq(fit(&sparse, shape, how, &got), err);
	n_sparse = a.n_read;
	a.n_read = 0;
	if (err)
		return;
	ck_assert_uint_lt(n_sparse, n_all);
	ck_assert_uint_eq(want.n_scales, got.n_scales);
	ck_assert_mem_eq(want.scales, got.scales, want.n_scales * sizeof(double));
	ck_assert_mem_eq(want.thresholds, got.thresholds, sizeof(want.thresholds));
	ck_assert_mem_eq(want.bounds, got.bounds, sizeof(want.bounds));
	ck_assert_int_eq(want.capped, got.capped);
	lossy_params_release(&want);
	lossy_params_release(&got);
}

START_TEST(same_as_zeros)
{
	static const struct lossy_shape shapes[] = {
		{ DTYPE_F32, 1, 4, N / 4, false },
		{ DTYPE_F32, 1, 60, 4096, false },
		{ DTYPE_F32, 1, 4, N / 4, true },
		{ DTYPE_F32, 2, 2, N / 4, false },
		{ DTYPE_F32, 2, 6, N / 12, true },
		{ DTYPE_F64, 1, 1, N, false },
		{ DTYPE_BF16, 1, 3, N / 3, false },
	};

	for (size_t s = 0; s < sizeof(shapes) / sizeof(shapes[0]); s++) {
		for (int how = 0; how < 3; how++) {
			fill((unsigned)_i);
			check_same(&shapes[s], how);
		}
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("lossy_holes");
	TCase *tc = tcase_create("fits");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, same_as_zeros, 0, 8);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
