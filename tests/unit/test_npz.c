/* SPDX-License-Identifier: MIT */
/* Archives of arrays: headers, and what doesn't fit. tests/numpy compares them with
   NumPy's own. */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/le.h"
#include "format/zip.h"
#include "npz_write.h"

enum { ROWS = 6, COLUMNS = 5, N = ROWS * COLUMNS };

static double numbers[N];
static uint8_t number_bytes[8 * N], float_bytes[4 * N];

static const struct npz_array arrays[] = {
	{ "first", "<f8", 2, { ROWS, COLUMNS }, number_bytes, sizeof(number_bytes) },
	{ "floats", "<f4", 2, { ROWS, COLUMNS }, float_bytes, sizeof(float_bytes) },
	{ "flags", "|b1", 1, { 3 }, "\1\0\1", 3 },
	{ "scalar", "<f8", 0, { 0 }, number_bytes + 8, 8 },
	{ "none", "<f8", 2, { 0, 4 }, number_bytes, 0 },
};
enum { N_ARRAYS = sizeof(arrays) / sizeof(arrays[0]) };

static uint8_t *archive;
static size_t archive_len;

static void make_archive(void)
{
	for (int i = 0; i < N; i++) {
		float as_float;
		uint32_t bits;

		numbers[i] = i % 3 ? 0.5 : 1.25 * i - 7;
		as_float = (float)numbers[i];
		memcpy(&bits, &as_float, sizeof(bits));
		le_put_double(number_bytes + 8 * i, numbers[i]);
		le_put32(float_bytes + 4 * i, bits);
	}
	mem_free(archive);
	archive = NULL;
	ck_assert_int_eq(npz_write(arrays, N_ARRAYS, false, &archive, &archive_len), 0);
}

static void tear_down(void)
{
	mem_free(archive);
	archive = NULL;
}

/* The bytes that NumPy's header has: descr, order, shape, 128 bytes in all. */
START_TEST(headers_are_numpy_s)
{
	const uint8_t *npy;

	make_archive();
	npy = archive + ZIP_LOCAL_BYTES + strlen("first.npy") + ZIP64_EXTRA_BYTES;
	ck_assert_mem_eq(npy,
		"\x93NUMPY\x01\x00\x76\x00"
		"{'descr': '<f8', 'fortran_order': False, 'shape': (6, 5), }   ",
		72);
	ck_assert_int_eq(npy[127], '\n');
	ck_assert_mem_eq(npy + 128, number_bytes, sizeof(number_bytes));
}
END_TEST

START_TEST(memory_may_be_short)
{
	uint8_t *bytes = NULL;
	size_t len;
	int err;

	for (unsigned long nth = 1; nth <= 3; nth++) {
		mem_fail_nth(nth);
		err = npz_write(arrays, N_ARRAYS, false, &bytes, &len);
		ck_assert_int_eq(err, nth <= 2 ? -ENOMEM : 0);
	}
	mem_fail_nth(0);
	mem_free(bytes);
}
END_TEST

START_TEST(too_much_is_refused)
{
	struct npz_array large = arrays[0];
	uint8_t *bytes;
	size_t len;

	large.data_bytes = UINT64_MAX;
	ck_assert_int_eq(npz_write(&large, 1, true, &bytes, &len), -EFBIG);
	large.data_bytes = INT32_MAX;
	ck_assert_int_eq(npz_write(&large, 1, true, &bytes, &len), -EFBIG);
}
END_TEST

/* Incompressible data must not outgrow the room reckoned for it. */
START_TEST(noise_fits)
{
	static uint8_t noise[300001];
	struct npz_array array = { "noise", "|u1", 1, { sizeof(noise) }, noise,
		sizeof(noise) };
	uint32_t x = 1;

	for (size_t i = 0; i < sizeof(noise); i++) {
		x = x * 1664525 + 1013904223;
		noise[i] = (uint8_t)(x >> 24);
	}
	for (size_t n = 0; n < sizeof(noise); n = 3 * n + 1) {
		uint8_t *bytes;
		size_t len;

		array.shape[0] = array.data_bytes = n;
		ck_assert_int_eq(npz_write(&array, 1, true, &bytes, &len), 0);
		mem_free(bytes);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("npz");
	TCase *tc = tcase_create("all");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tc, NULL, tear_down);
	tcase_add_test(tc, headers_are_numpy_s);
	tcase_add_test(tc, memory_may_be_short);
	tcase_add_test(tc, too_much_is_refused);
	tcase_add_test(tc, noise_fits);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
