/* SPDX-License-Identifier: MIT */
/* What a file holds twice is stored once, and stays readable whatever becomes of the
   first of the two. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "alcm.h"

enum { CHUNK = 64 << 10, MIB = 1 << 20, WEIGHTS = 2 * MIB, ROOM = 3 * WEIGHTS };

static uint8_t data[ROOM], back[ROOM];
static struct alcm *alcm;
static int fd;

static void setup(void)
{
	struct alcm_params params;
	uint64_t state = 12345;

	alcm_params_default(&params);
	params.threads = 2;
	params.chunk_bytes = CHUNK;
	ck_assert_int_eq(alcm_new(&params, &alcm), 0);
	for (size_t i = 0; i < ROOM; i += 4) {
		float x = 0;

		for (int k = 0; k < 4; k++) {
			state = state * 6364136223846793005u + 1442695040888963407u;
			x += ((float)(state >> 40) / 16777216.0f - 0.5f) * 0.02f;
		}
		memcpy(data + i, &x, 4);
	}
	fd = memfd_create("duplicates", MFD_CLOEXEC);
	ck_assert_int_ge(fd, 0);
}

static void teardown(void)
{
	close(fd);
	alcm_free(alcm);
}

static struct alcm_blob *create(void)
{
	struct alcm_profile lossless;
	struct alcm_blob *blob;

	alcm_profile_default(&lossless);
	ck_assert_int_eq(ftruncate(fd, 0), 0);
	ck_assert_int_eq(alcm_blob_create(alcm, fd, &lossless, &blob), 0);
	return blob;
}

static void put(struct alcm_blob *blob, const uint8_t *bytes, size_t n, uint64_t off)
{
	ck_assert_int_eq(alcm_blob_pwrite(blob, bytes, n, off, NULL), (ssize_t)n);
}

static void commit(struct alcm_blob *blob)
{
	ck_assert_int_eq(alcm_blob_commit(blob, true, NULL), 0);
}

static uint64_t stored(struct alcm_blob *blob)
{
	struct alcm_info info;

	ck_assert_int_eq(alcm_blob_info(blob, &info, NULL), 0);
	return info.stored_bytes;
}

static void holds(struct alcm_blob *blob, const uint8_t *bytes, size_t n, uint64_t off)
{
	struct alcm_diag diag = { 0 };

	memset(back, 0xa5, n);
	ck_assert_msg(alcm_blob_pread(blob, back, n, off, &diag) == (ssize_t)n, "%s",
		diag.cause);
	ck_assert(memcmp(back, bytes, n) == 0);
}

static struct alcm_blob *reopened(struct alcm_blob *blob)
{
	struct alcm_diag diag = { 0 };

	alcm_blob_close(blob);
	ck_assert_msg(alcm_blob_open(alcm, fd, true, &blob, &diag) == 0, "%s", diag.cause);
	return blob;
}

/* The weights, and again `gap` bytes behind them; what the second copy takes. */
static uint64_t second_copy(struct alcm_blob *blob, uint32_t gap)
{
	uint64_t once;

	put(blob, data, WEIGHTS, 0);
	commit(blob);
	once = stored(blob);
	put(blob, data, WEIGHTS, WEIGHTS + gap);
	commit(blob);
	return stored(blob) - once;
}

START_TEST(test_at_any_distance)
{
	static const uint32_t gaps[] = { 0, 64, 4096, CHUNK / 2, CHUNK - 4, CHUNK + 52 };
	struct alcm_blob *blob = create();
	uint64_t extra = second_copy(blob, gaps[_i]);

	/* What the first and the last chunk hold besides is no more than a chunk. */
	ck_assert_uint_lt(extra, gaps[_i] % CHUNK ? 2 * CHUNK : WEIGHTS / 80);
	blob = reopened(blob);
	holds(blob, data, WEIGHTS, 0);
	holds(blob, data, WEIGHTS, WEIGHTS + gaps[_i]);
	alcm_blob_close(blob);
}
END_TEST

/* Within one tensor of two-byte elements, moved by an odd number of them. */
START_TEST(test_moved_by_an_odd_element)
{
	enum { HEAD = 128, GAP = CHUNK / 2 + 2 };
	char head[HEAD + 1];
	struct alcm_blob *blob = create();
	uint64_t once;

	snprintf(head, sizeof(head), "\x93NUMPY%c%c%c%c%-117s\n", 1, 0, HEAD - 10, 0,
		"{'descr': '<f2', 'fortran_order': False, 'shape': (2113537,), }");
	put(blob, (const uint8_t *)head, HEAD, 0);
	put(blob, data, WEIGHTS, HEAD);
	commit(blob);
	once = stored(blob);
	put(blob, data, WEIGHTS, HEAD + WEIGHTS + GAP);
	commit(blob);
	ck_assert_uint_lt(stored(blob) - once, WEIGHTS / 4);
	holds(blob, data, WEIGHTS, HEAD + WEIGHTS + GAP);
	alcm_blob_close(blob);
}
END_TEST

START_TEST(test_what_differs_is_no_copy)
{
	struct alcm_blob *blob = create();

	put(blob, data, WEIGHTS, 0);
	for (size_t at = CHUNK / 2; at < WEIGHTS; at += CHUNK)
		data[at] ^= 1;
	put(blob, data, WEIGHTS, WEIGHTS);
	commit(blob);
	blob = reopened(blob);
	holds(blob, data, WEIGHTS, WEIGHTS);
	ck_assert_uint_lt(stored(blob), WEIGHTS + WEIGHTS / 20);
	alcm_blob_close(blob);
}
END_TEST

/* The first copy is overwritten, cut off, or made a hole; and all dead space is
   punched. */
START_TEST(test_bases_change)
{
	struct alcm_blob *blob = create();
	bool changed;

	second_copy(blob, 0);
	switch (_i) {
	case 0:
		put(blob, data + WEIGHTS, WEIGHTS, 0);
		break;
	case 1:
		ck_assert_int_eq(alcm_blob_zero(blob, 0, WEIGHTS, NULL), 0);
		break;
	default:
		put(blob, data + WEIGHTS + 1, 100, CHUNK / 2);
	}
	commit(blob);
	ck_assert_int_eq(alcm_blob_reclaim(blob, &changed, NULL), 0);
	holds(blob, data, WEIGHTS, WEIGHTS);
	blob = reopened(blob);
	ck_assert_int_eq(alcm_blob_reclaim(blob, &changed, NULL), 0);
	holds(blob, data, WEIGHTS, WEIGHTS);
	/* Those that nothing refers to any more go with the next commit. */
	put(blob, data + WEIGHTS, WEIGHTS, WEIGHTS);
	commit(blob);
	ck_assert_int_eq(alcm_blob_reclaim(blob, &changed, NULL), 0);
	blob = reopened(blob);
	holds(blob, data + WEIGHTS, WEIGHTS, WEIGHTS);
	ck_assert_uint_lt(stored(blob), 2 * WEIGHTS);
	alcm_blob_close(blob);
}
END_TEST

/* What lies behind the end of the largest file is not looked for. Chunks are large, so
   that the file ends before the numbers of chunks do. */
START_TEST(test_at_the_largest_size)
{
	enum { LARGE = 512 << 10 };
	struct alcm_params params;
	struct alcm_blob *blob;
	uint64_t last;

	alcm_free(alcm);
	alcm_params_default(&params);
	params.chunk_bytes = LARGE;
	ck_assert_int_eq(alcm_new(&params, &alcm), 0);
	blob = create();
	last = alcm_blob_max_size(blob) - LARGE;
	put(blob, data, LARGE, last);
	commit(blob);
	put(blob, data, 2 * LARGE, LARGE / 2);
	commit(blob);
	blob = reopened(blob);
	holds(blob, data, 2 * LARGE, LARGE / 2);
	holds(blob, data, LARGE, last);
	ck_assert_uint_lt(stored(blob), 2 * LARGE);
	alcm_blob_close(blob);
}
END_TEST

/* What is stored of the bytes that the array has, if they are written at once. */
static uint64_t written_at_once(const uint8_t *bytes, size_t n)
{
	struct alcm_blob *blob = create();
	uint64_t bytes_stored;

	put(blob, bytes, n, 0);
	commit(blob);
	bytes_stored = stored(blob);
	alcm_blob_close(blob);
	return bytes_stored;
}

/* A third of each chunk is found elsewhere; then elsewhere is overwritten. */
START_TEST(test_little_keeps_no_base)
{
	enum { SHARED = CHUNK * 3 / 8 };
	struct alcm_blob *blob = create();
	uint8_t *all = malloc(2 * WEIGHTS);
	uint64_t shared, took;

	ck_assert_ptr_nonnull(all);
	memcpy(all, data, 2 * WEIGHTS);
	for (size_t at = 0; at < WEIGHTS; at += CHUNK)
		memcpy(all + WEIGHTS + at, data + at, SHARED);
	put(blob, all, 2 * WEIGHTS, 0);
	commit(blob);
	shared = stored(blob);
	memcpy(all, data + 2 * WEIGHTS, WEIGHTS);
	put(blob, all, WEIGHTS, 0);
	commit(blob);
	holds(blob, all, 2 * WEIGHTS, 0);
	blob = reopened(blob);
	holds(blob, all, 2 * WEIGHTS, 0);
	took = stored(blob);
	alcm_blob_close(blob);
	ck_assert_uint_lt(took, written_at_once(all, 2 * WEIGHTS) * 102 / 100);
	ck_assert_uint_lt(shared, took * 95 / 100); /* there was something to share */
	free(all);
}
END_TEST

/* A record that isn't what it was when it was referred to gives an error, never bytes. */
START_TEST(test_damaged_base)
{
	struct alcm_blob *blob = create();
	struct alcm_diag diag = { 0 };
	uint8_t bytes[64];
	char expected[64];
	uint64_t bad = 0;

	second_copy(blob, 0);
	alcm_blob_close(blob);
	ck_assert_int_eq(pread(fd, bytes, sizeof(bytes), 8192), sizeof(bytes));
	bytes[5] ^= 4;
	ck_assert_int_eq(pwrite(fd, bytes, sizeof(bytes), 8192), sizeof(bytes));
	ck_assert_int_eq(alcm_blob_open(alcm, fd, false, &blob, &diag), 0);
	while (alcm_blob_pread(blob, back, CHUNK, bad, &diag) == CHUNK)
		bad += CHUNK;
	ck_assert_uint_lt(bad, WEIGHTS);
	ck_assert_int_lt(alcm_blob_pread(blob, back, CHUNK, WEIGHTS + bad, &diag), 0);
	snprintf(expected, sizeof(expected), "shared with chunk %u ",
		(unsigned)(bad / CHUNK));
	ck_assert_msg(strstr(diag.cause, expected), "%s", diag.cause);
	for (uint64_t at = 0; at < WEIGHTS; at += CHUNK) {
		if (at != bad)
			holds(blob, data + at, CHUNK, WEIGHTS + at);
	}
	alcm_blob_close(blob);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("duplicates");
	TCase *t = tcase_create("duplicates");
	SRunner *runner;
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, test_at_any_distance, 0, 6);
	tcase_add_test(t, test_moved_by_an_odd_element);
	tcase_add_test(t, test_what_differs_is_no_copy);
	tcase_add_loop_test(t, test_bases_change, 0, 3);
	tcase_add_test(t, test_at_the_largest_size);
	tcase_add_test(t, test_little_keeps_no_base);
	tcase_add_test(t, test_damaged_base);
	suite_add_tcase(suite, t);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
