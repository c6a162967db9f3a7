/* SPDX-License-Identifier: MIT */
/* What was encoded before its types were known is encoded again at the commit, if that
   pays. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "alcm.h"
#include "base/le.h"

/* Tensors of two types take turns, so that a chunk looks like neither of them. */
enum { TENSOR = 48 << 10, N_TENSORS = 64, HEAD = 16 << 10, DATA = N_TENSORS * TENSOR };

static uint8_t data[DATA], back[HEAD + DATA];
static char head[HEAD];
static uint64_t random_state;

static uint32_t next_random(void)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(random_state >> 32);
}

static void fill_floats(uint8_t *at)
{
	for (unsigned i = 0; i < TENSOR / 2; i++) {
		float x = ((float)next_random() - (float)next_random()) / 4e10f;
		uint32_t bits;

		memcpy(&bits, &x, 4);
		le_put16(at + 2 * i, (uint16_t)(bits >> 16));
	}
}

static void fill_counts(uint8_t *at)
{
	for (unsigned i = 0; i < TENSOR / 8; i++)
		le_put64(at + 8 * i, next_random() % 50000);
}

/* A safetensors header for them, or none. */
static void make_head(bool none)
{
	size_t n = 8;

	memset(head, none ? 0 : ' ', sizeof(head));
	if (none)
		return;
	le_put64((uint8_t *)head, HEAD - 8);
	for (unsigned i = 0; i < N_TENSORS; i++) {
		bool floats = i % 2 == 0;

		n += (size_t)snprintf(head + n, sizeof(head) - n,
			"%c\"t%u\":{\"dtype\":\"%s\",\"shape\":[%u],\"data_offsets\":[%u,%u]}",
			i ? ',' : '{', i, floats ? "BF16" : "I64", TENSOR / (floats ? 2 : 8),
			i * TENSOR, (i + 1) * TENSOR);
	}
	head[n] = '}';
}

static void put(struct alcm_blob *blob, const void *bytes, size_t n, uint64_t off)
{
	ck_assert_int_eq(alcm_blob_pwrite(blob, bytes, n, off, NULL), (ssize_t)n);
}

enum order { HEAD_FIRST, HEAD_LAST, NO_HEAD };

/* Stored bytes of such a file. What is there is committed before the header comes. */
static uint64_t save(struct alcm *alcm, enum order order)
{
	struct alcm_profile lossless;
	struct alcm_blob *blob;
	struct alcm_info info;
	int fd = memfd_create("reencode", MFD_CLOEXEC);

	alcm_profile_default(&lossless);
	make_head(order == NO_HEAD);
	ck_assert_int_eq(alcm_blob_create(alcm, fd, &lossless, &blob), 0);
	if (order == HEAD_FIRST)
		put(blob, head, HEAD, 0);
	put(blob, data, DATA, HEAD);
	ck_assert_int_eq(alcm_blob_commit(blob, true, NULL), 0);
	if (order != HEAD_FIRST)
		put(blob, head, HEAD, 0);
	ck_assert_int_eq(alcm_blob_commit(blob, false, NULL), 0);
	ck_assert_int_eq(alcm_blob_info(blob, &info, NULL), 0);
	alcm_blob_close(blob);

	ck_assert_int_eq(alcm_blob_open(alcm, fd, false, &blob, NULL), 0);
	ck_assert_int_eq(alcm_blob_pread(blob, back, sizeof(back), 0, NULL), sizeof(back));
	ck_assert_mem_eq(back, head, HEAD);
	ck_assert_mem_eq(back + HEAD, data, DATA);
	alcm_blob_close(blob);
	close(fd);
	return info.live_bytes;
}

static struct alcm *engine(void)
{
	struct alcm_params params;
	struct alcm *alcm;

	random_state = 1;
	for (unsigned i = 0; i < N_TENSORS; i++)
		(i % 2 ? fill_counts : fill_floats)(data + i * TENSOR);
	alcm_params_default(&params);
	ck_assert_int_eq(alcm_new(&params, &alcm), 0);
	return alcm;
}

START_TEST(header_last_costs_nothing)
{
	struct alcm *alcm = engine();
	uint64_t first = save(alcm, HEAD_FIRST);

	/* Otherwise there is nothing to be seen here. */
	ck_assert_uint_gt(save(alcm, NO_HEAD), first + first / 25);
	ck_assert_uint_le(save(alcm, HEAD_LAST), first + first / 200);
	alcm_free(alcm);
}
END_TEST

START_TEST(nothing_is_tried_without_types)
{
	struct alcm *alcm = engine();
	struct alcm_work before, after;

	alcm_work(alcm, &before);
	(void)save(alcm, NO_HEAD);
	alcm_work(alcm, &after);
	/* Each chunk once, and the first once more. */
	ck_assert_uint_eq(after.n_encoded - before.n_encoded,
		(HEAD + DATA) / (256 << 10) + 2);
	alcm_free(alcm);
}
END_TEST

START_TEST(what_saves_nothing_is_left)
{
	struct alcm *alcm = engine();
	struct alcm_work before, after;

	/* All floats, as they look; the header that comes is wrong. */
	for (unsigned i = 0; i < N_TENSORS; i++)
		fill_floats(data + i * TENSOR);
	alcm_work(alcm, &before);
	(void)save(alcm, HEAD_LAST);
	alcm_work(alcm, &after);
	ck_assert_uint_eq(after.n_encoded - before.n_encoded,
		(HEAD + DATA) / (256 << 10) + 2 + 4);
	alcm_free(alcm);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("reencode");
	TCase *tc = tcase_create("reencode");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, header_last_costs_nothing);
	tcase_add_test(tc, nothing_is_tried_without_types);
	tcase_add_test(tc, what_saves_nothing_is_left);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
