/* SPDX-License-Identifier: MIT */
/* Archives of arrays: what is written reads back, and what is damaged is said so. */
#include <check.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/le.h"
#include "format/npz.h"
#include "format/zip.h"

enum { ROWS = 6, COLUMNS = 5, N = ROWS * COLUMNS };

static double numbers[N];
static uint8_t number_bytes[8 * N], float_bytes[4 * N];

static const uint64_t shape[] = { ROWS, COLUMNS };

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

static void make_archive(bool compressed)
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
	ck_assert_int_eq(npz_write(arrays, N_ARRAYS, compressed, &archive, &archive_len), 0);
}

static void tear_down(void)
{
	mem_free(archive);
	archive = NULL;
}

/* Read "first" of the archive, which must fail with this cause. */
static void check_refused(const char *cause)
{
	struct alcm_diag diag = { 0 };
	double out[N] = { 77 };

	ck_assert_int_eq(npz_read(archive, archive_len, "first", 2, shape, out, &diag), -EINVAL);
	ck_assert_str_eq(diag.cause, cause);
	ck_assert(out[0] == 77);
}

START_TEST(members_read_back)
{
	static const char *const names[] = { "first", "floats" };
	double out[N];

	make_archive(_i);
	for (int i = 0; i < 2; i++) {
		memset(out, 0, sizeof(out));
		ck_assert_int_eq(npz_read(archive, archive_len, names[i], 2, shape, out, NULL), 0);
		ck_assert_mem_eq(out, numbers, sizeof(numbers));
	}
	ck_assert_int_eq(npz_read(archive, archive_len, "scalar", 0, NULL, out, NULL), 0);
	ck_assert(out[0] == numbers[1]);
	ck_assert_int_eq(npz_read(archive, archive_len, "none", 2, (uint64_t[]){ 0, 4 }, out, NULL),
		0);
}
END_TEST

/* The bytes that NumPy's header has: descr, order, shape, 128 bytes in all. */
START_TEST(headers_are_numpy_s)
{
	const uint8_t *npy;

	make_archive(false);
	npy = archive + ZIP_LOCAL_BYTES + strlen("first.npy") + ZIP64_EXTRA_BYTES;
	ck_assert_mem_eq(npy,
		"\x93NUMPY\x01\x00\x76\x00"
		"{'descr': '<f8', 'fortran_order': False, 'shape': (6, 5), }   ",
		72);
	ck_assert_int_eq(npy[127], '\n');
	ck_assert_mem_eq(npy + 128, number_bytes, sizeof(number_bytes));
}
END_TEST

START_TEST(what_does_not_fit_is_named)
{
	struct alcm_diag diag;
	double out[N];

	make_archive(false);
	ck_assert_int_eq(npz_read(archive, archive_len, "firs", 2, shape, out, &diag), -EINVAL);
	ck_assert_str_eq(diag.cause, "member firs.npy: not in the archive");
	ck_assert_int_eq(npz_read(archive, archive_len, "first", 2, (uint64_t[]){ 5, 6 }, out,
				 &diag),
		-EINVAL);
	ck_assert_str_eq(diag.cause, "member first.npy: shape (6, 5) instead of (5, 6)");
	ck_assert_int_eq(npz_read(archive, archive_len, "first", 1, (uint64_t[]){ N }, out, &diag),
		-EINVAL);
	ck_assert_str_eq(diag.cause, "member first.npy: shape (6, 5) instead of (30)");
	ck_assert_int_eq(npz_read(archive, archive_len, "flags", 1, (uint64_t[]){ 3 }, out, &diag),
		-EINVAL);
	ck_assert_str_eq(diag.cause, "member flags.npy: type '|b1' is no real number");
	ck_assert_int_eq(npz_read((const uint8_t *)"text", 4, "first", 2, shape, out, &diag),
		-EINVAL);
	ck_assert_str_eq(diag.cause, "no zip archive: it has no end record");
}
END_TEST

/* The first member's entry in the directory. */
static uint8_t *first_entry(void)
{
	return archive + le_get32(archive + archive_len - ZIP_END_BYTES + 16);
}

static const struct {
	unsigned at; /* in the directory's entry */
	uint8_t value;
	const char *cause;
} damages[] = {
	{ 8, 1, "member first.npy: encrypted" },
	{ 10, 12, "member first.npy: compressed by method 12, not stored or deflated" },
	{ 16, 0x55, "member first.npy: the checksum is wrong" },
	{ 21, 200, "member first.npy: 51312 bytes, but only 1248 are there" },
	{ 20, 100, "member first.npy: stored with two different sizes" },
	{ 26, 200, "member first.npy: 13107568 bytes, more than its shape needs" },
	{ 28, 255, "member first.npy: not found: the archive's directory is damaged" },
	{ 29, 255, "member first.npy: not found: the archive's directory is damaged" },
	{ 0, 0, "member first.npy: not found: the archive's directory is damaged" },
	{ 42, 1, "member first.npy: no local record at byte 1, where it should be" },
	{ 45, 1, "member first.npy: no local record at byte 16777216, where it should be" },
};

START_TEST(damaged_entries_are_refused)
{
	make_archive(false);
	first_entry()[damages[_i].at] = damages[_i].value;
	check_refused(damages[_i].cause);
}
END_TEST

START_TEST(damaged_data_is_refused)
{
	uint8_t *data;

	make_archive(false);
	data = archive + ZIP_LOCAL_BYTES + strlen("first.npy") + ZIP64_EXTRA_BYTES;
	data[200] ^= 1;
	check_refused("member first.npy: the checksum is wrong");
	make_archive(true);
	data = archive + ZIP_LOCAL_BYTES + strlen("first.npy") + ZIP64_EXTRA_BYTES;
	data[0] = 0xff;
	check_refused("member first.npy: the deflated bytes are damaged");
	archive[archive_len - ZIP_END_BYTES + 15] = 1;
	check_refused("the zip archive's directory is not before its end record");
}
END_TEST

/* Cut anywhere, or with any byte changed: an error, or the values; never anything else. */
START_TEST(every_cut_and_every_flip)
{
	double out[N];

	make_archive(_i);
	for (size_t len = 0; len < archive_len; len++) {
		AUTO_FREE uint8_t *cut = mem_alloc(len); /* its own, for the sanitizer to see */

		ck_assert_ptr_nonnull(cut);
		memcpy(cut, archive, len);
		ck_assert_int_eq(npz_read(cut, len, "first", 2, shape, out, NULL), -EINVAL);
	}
	for (size_t i = 0; i < archive_len; i++) {
		archive[i] ^= 0xff;

		int err = npz_read(archive, archive_len, "first", 2, shape, out, NULL);

		ck_assert(err == -EINVAL ||
			(err == 0 && memcmp(out, numbers, sizeof(numbers)) == 0));
		archive[i] ^= 0xff;
	}
}
END_TEST

START_TEST(memory_may_be_short)
{
	uint8_t *bytes = NULL;
	double out[N];
	size_t len;
	int err;

	make_archive(true);
	for (unsigned long nth = 1; nth <= 3; nth++) {
		mem_fail_nth(nth);
		err = npz_write(arrays, N_ARRAYS, false, &bytes, &len);
		ck_assert_int_eq(err, nth <= 2 ? -ENOMEM : 0);
		mem_fail_nth(nth);
		err = npz_read(archive, archive_len, "first", 2, shape, out, NULL);
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
	struct npz_array array = { "noise", "|u1", 1, { sizeof(noise) }, noise, sizeof(noise) };
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
	tcase_add_loop_test(tc, members_read_back, 0, 2);
	tcase_add_test(tc, headers_are_numpy_s);
	tcase_add_test(tc, what_does_not_fit_is_named);
	tcase_add_loop_test(tc, damaged_entries_are_refused, 0,
		sizeof(damages) / sizeof(damages[0]));
	tcase_add_test(tc, damaged_data_is_refused);
	tcase_add_loop_test(tc, every_cut_and_every_flip, 0, 2);
	tcase_add_test(tc, memory_may_be_short);
	tcase_add_test(tc, too_much_is_refused);
	tcase_add_test(tc, noise_fits);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
