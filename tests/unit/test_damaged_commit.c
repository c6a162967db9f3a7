/* SPDX-License-Identifier: MIT */
/*
 * More than a flipped bit in the trailer or the index of a blob that was closed: the
 * commit before is read, which is said to be damage. What a crash leaves is not.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alcm.h"
#include "base/le.h"
#include "blob/blob.h"
#include "blob/disk.h"

enum { SIZE = 100000 };

static struct alcm *alcm;
static int fd;
static off_t end;
static unsigned n_errors;
static uint8_t first[SIZE], second[SIZE], got[SIZE];

static void count_errors(void *ctx, int about, enum alcm_log_level level,
	const char *text)
{
	(void)ctx;
	(void)about;
	n_errors += level == ALCM_LOG_ERROR && strstr(text, "damaged");
}

static void save(struct alcm_blob *blob, const uint8_t *bytes)
{
	ck_assert_int_eq(alcm_blob_pwrite(blob, bytes, SIZE, 0, NULL), SIZE);
	ck_assert_int_eq(alcm_blob_commit(blob, true, NULL), 0);
}

/* A blob of two commits, whose trailer lies in one sector. */
static void setup(void)
{
	struct alcm_params params;
	struct alcm_profile profile;
	struct alcm_blob *blob;
	struct stat st;

	alcm_params_default(&params);
	params.threads = 1;
	params.log = count_errors;
	ck_assert_int_eq(alcm_new(&params, &alcm), 0);
	fd = memfd_create("blob", MFD_CLOEXEC);
	alcm_profile_default(&profile);
	ck_assert_int_eq(alcm_blob_create(alcm, fd, &profile, &blob), 0);
	for (size_t i = 0; i < SIZE; i++)
		first[i] = (uint8_t)(i * i >> 7);
	save(blob, first);
	do { /* Until the trailer is at home in a sector. */
		for (size_t i = 0; i < SIZE; i++)
			second[i] = (uint8_t)(first[i] ^ rand());
		save(blob, second);
		ck_assert_int_eq(fstat(fd, &st), 0);
		end = st.st_size;
	} while ((end - DISK_TRAILER_BYTES) % 512 > 512 - DISK_TRAILER_BYTES);
	alcm_blob_close(blob);
	n_errors = 0;
}

static void teardown(void)
{
	blob_set_boot_id_for_tests(NULL);
	close(fd);
	alcm_free(alcm);
}

static void flip(off_t at, uint8_t bits)
{
	uint8_t byte;

	ck_assert_int_eq(pread(fd, &byte, 1, at), 1);
	byte ^= bits;
	ck_assert_int_eq(pwrite(fd, &byte, 1, at), 1);
}

static struct alcm_check check(bool repair)
{
	struct alcm_check c;

	ck_assert_int_eq(alcm_check(alcm, fd, repair, &c), 0);
	return c;
}

static void read_all(void)
{
	struct alcm_blob *blob;

	ck_assert_int_eq(alcm_blob_open(alcm, fd, false, &blob, NULL), 0);
	ck_assert_int_eq(alcm_blob_pread(blob, got, SIZE, 0, NULL), SIZE);
	alcm_blob_close(blob);
}

static void expect_damage(void)
{
	struct alcm_check c = check(false);

	ck_assert(c.trailer_lost && !c.orphan_tail && !c.n_bad);
	ck_assert_ptr_nonnull(strstr(c.first.cause, "is damaged: reads return commit"));
	n_errors = 0;
	read_all();
	ck_assert_uint_eq(n_errors, 1);
	ck_assert(memcmp(got, second, SIZE) != 0);
	c = check(true);
	ck_assert(c.repaired);
	c = check(false);
	ck_assert(!c.trailer_lost && !c.orphan_tail && !c.n_bad);
}

static void expect_crash(void)
{
	struct alcm_check c = check(false);

	ck_assert(c.orphan_tail && !c.trailer_lost && !c.n_bad);
	read_all();
	ck_assert_uint_eq(n_errors, 0);
}

/* In the magic, the hash, the uuid, the offset, the size, the last byte. */
static const off_t places[] = { 0, 8, 30, 41, 57, 127 };

START_TEST(test_trailer)
{
	flip(end - DISK_TRAILER_BYTES + places[_i], 0x41);
	expect_damage();
}
END_TEST

START_TEST(test_index)
{
	uint8_t field[8];

	ck_assert_int_eq(pread(fd, field, 8, end - DISK_TRAILER_BYTES + 48), 8);
	flip((off_t)le_get64(field) + 1, 0x41);
	/* Power may have failed since, and the index been lost by that. */
	if (_i)
		blob_set_boot_id_for_tests((const uint8_t *)"another boot id.");
	if (_i)
		expect_crash();
	else
		expect_damage();
}
END_TEST

/* A commit that isn't there, is there in part, or is a hole. */
START_TEST(test_crash)
{
	static const uint8_t zeros[DISK_TRAILER_BYTES];

	if (_i < 2)
		ck_assert_int_eq(ftruncate(fd, end - (_i ? 40 : DISK_TRAILER_BYTES)), 0);
	else
		ck_assert_int_eq(pwrite(fd, zeros, sizeof(zeros), end - (off_t)sizeof(zeros)),
			(ssize_t)sizeof(zeros));
	expect_crash();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("damaged commit");
	TCase *tcase = tcase_create("damaged commit");
	SRunner *runner;
	int n_failed;

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, test_trailer, 0, sizeof(places) / sizeof(places[0]));
	tcase_add_loop_test(tcase, test_index, 0, 2);
	tcase_add_loop_test(tcase, test_crash, 0, 3);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	n_failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return n_failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
