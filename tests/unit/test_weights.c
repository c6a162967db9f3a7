/* SPDX-License-Identifier: MIT */
/* Weights as .npz: there and back, and what is refused, with its reason; samples of real files. */
#include <check.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/le.h"
#include "format/npz.h"
#include "predict/weights_file.h"

enum { MATRIX = PREDICT_INPUTS * PREDICT_HIDDEN };

static uint8_t zeros[8 * (MATRIX + 1)];

static const struct npz_array good[] = {
	{ "W1", "<f8", 2, { PREDICT_INPUTS, PREDICT_HIDDEN }, zeros, 8 * MATRIX },
	{ "b1", "<f8", 1, { PREDICT_HIDDEN }, zeros, 8 * PREDICT_HIDDEN },
	{ "W2", "<f4", 2, { PREDICT_HIDDEN, 1 }, zeros, 4 * PREDICT_HIDDEN },
	{ "b2", "<f8", 1, { 1 }, zeros, 8 },
};
enum { N_MEMBERS = 4 };

/* Load the four members; the diag's cause must be this (NULL: it must succeed). */
static void check_load(const struct npz_array members[], unsigned n, const char *cause)
{
	struct predict_weights w = { .b2 = 77 };
	struct alcm_diag diag = { 0 };
	uint8_t *file;
	size_t len;
	int err;

	ck_assert_int_eq(npz_write(members, n, true, &file, &len), 0);
	err = predict_weights_load(file, len, &w, &diag);
	mem_free(file);
	ck_assert_str_eq(diag.cause, cause ? cause : "");
	ck_assert_int_eq(err, cause ? -EINVAL : 0);
	ck_assert(w.b2 == (cause ? 77 : 0));
}

START_TEST(there_and_back)
{
	const struct predict_weights *w = &predict_default_weights;
	struct predict_weights back;
	uint8_t *file;
	size_t len;
	double w1[PREDICT_INPUTS][PREDICT_HIDDEN];

	ck_assert_int_eq(predict_weights_save(w, &file, &len, NULL), 0);
	ck_assert_int_eq(predict_weights_load(file, len, &back, NULL), 0);
	ck_assert_mem_eq(w, &back, sizeof(back));
	ck_assert_int_eq(npz_read(file, len, "W1", 2, (uint64_t[]){ 6, 64 }, w1[0], NULL), 0);
	ck_assert(w1[5][63] == w->w1[63][5] && w1[1][2] == w->w1[2][1]);
	mem_free(file);
}
END_TEST

START_TEST(bad_members_are_named)
{
	struct npz_array m[N_MEMBERS];

	check_load(good, N_MEMBERS, NULL);
	check_load(good, N_MEMBERS - 1, "member b2.npy: not in the archive");
	check_load(good + 1, N_MEMBERS - 1, "member W1.npy: not in the archive");

	memcpy(m, good, sizeof(good));
	m[0].shape[0] = PREDICT_HIDDEN;
	m[0].shape[1] = PREDICT_INPUTS;
	check_load(m, N_MEMBERS, "member W1.npy: shape (64, 6) instead of (6, 64)");

	memcpy(m, good, sizeof(good));
	m[2].n_dims = 1;
	check_load(m, N_MEMBERS, "member W2.npy: shape (64) instead of (64, 1)");

	memcpy(m, good, sizeof(good));
	m[1].descr = "|S8";
	check_load(m, N_MEMBERS, "member b1.npy: type '|S8' is no real number");
	m[1].descr = "<c8";
	check_load(m, N_MEMBERS, "member b1.npy: type '<c8' is no real number");
	m[1].data_bytes -= 8;
	m[1].descr = "<f8";
	check_load(m, N_MEMBERS, "member b1.npy: cut short");
}
END_TEST

START_TEST(weights_that_are_no_numbers_are_named)
{
	static uint8_t bytes[8 * MATRIX];
	struct npz_array m[N_MEMBERS];

	memcpy(m, good, sizeof(good));
	m[0].data = bytes;
	le_put_double(bytes + 8 * (2 * PREDICT_HIDDEN + 7), (double)NAN);
	check_load(m, N_MEMBERS, "weight W1[2, 7] is nan");

	memcpy(m, good, sizeof(good));
	m[1].data = bytes;
	memset(bytes, 0, sizeof(bytes));
	le_put_double(bytes + 8 * 63, (double)INFINITY);
	check_load(m, N_MEMBERS, "weight b1[63] is inf");

	memcpy(m, good, sizeof(good));
	m[3].data = bytes;
	le_put_double(bytes, -(double)INFINITY);
	check_load(m, N_MEMBERS, "weight b2[0] is -inf");
}
END_TEST

START_TEST(what_is_no_number_is_not_saved)
{
	struct predict_weights w = predict_default_weights;
	struct alcm_diag diag;
	uint8_t *file;
	size_t len;

	w.w2[9] = (double)NAN;
	ck_assert_int_eq(predict_weights_save(&w, &file, &len, &diag), -EINVAL);
	ck_assert_str_eq(diag.cause, "weight W2[9, 0] is nan");
}
END_TEST

START_TEST(files_of_weights)
{
	char path[] = "/tmp/test_weights_XXXXXX";
	struct alcm_predictor *back = NULL;
	struct alcm_diag diag = { 0 };
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(alcm_predictor_read(fd, &back, &diag), -EINVAL);
	ck_assert_str_eq(diag.cause, "no zip archive: it has no end record");
	ck_assert_int_eq(alcm_predictor_write(&(struct alcm_predictor){ predict_default_weights },
				 fd),
		0);
	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	ck_assert_int_eq(alcm_predictor_read(fd, &back, &diag), 0);
	ck_assert_mem_eq(&back->weights, &predict_default_weights, sizeof(back->weights));
	alcm_predictor_free(back);
	ck_assert_int_eq(ftruncate(fd, (1 << 20) + 1), 0);
	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	ck_assert_int_eq(alcm_predictor_read(fd, &back, &diag), -EFBIG);
	close(fd);
}
END_TEST

/* A file in memory. */
struct memory_file {
	uint8_t bytes[80128];
	size_t len;
};

static int read_memory(void *ctx, void *buf, size_t n, uint64_t off)
{
	const struct memory_file *f = ctx;

	if (off + n > f->len)
		return -EIO;
	memcpy(buf, f->bytes + off, n);
	return 0;
}

static void make_npy(struct memory_file *f, const char *descr, size_t n)
{
	int len = snprintf((char *)f->bytes, 128,
		"\x93NUMPY\x01%c\x76%c{'descr': '%s', 'fortran_order': False, 'shape': (%zu,), }",
		0, 0, descr, n);

	memset(f->bytes + len, ' ', 128 - (size_t)len);
	f->bytes[127] = '\n';
	memset(f->bytes + 128, 0, sizeof(f->bytes) - 128);
	f->len = 128 + 8 * n;
}

START_TEST(entropy_is_what_coding_gives)
{
	static struct memory_file f;
	struct alcm_train_sample sample;
	uint64_t x = 1;

	make_npy(&f, "<f8", 10000);
	for (size_t i = 0; i < 10000; i++)
		le_put_double(f.bytes + 128 + 8 * i, i % 2 ? 1 : 3);
	ck_assert_int_eq(alcm_train_measure(read_memory, &f, f.len, &sample), 0);
	ck_assert(sample.entropy == 0.2); /* far fewer bits */
	ck_assert(sample.stats.n == 10000 && fabs(sample.stats.mean - 2) < 1e-12);

	make_npy(&f, "<i8", 10000);
	for (size_t i = 128; i < f.len; i++) {
		x = x * 6364136223846793005u + 1442695040888963407u;
		f.bytes[i] = (uint8_t)(x >> 56);
	}
	ck_assert_int_eq(alcm_train_measure(read_memory, &f, f.len, &sample), 0);
	ck_assert(sample.entropy == 0.9); /* noise */
	for (size_t i = 0; i < 10000; i++)
		memset(f.bytes + 128 + 8 * i + 4, 0, 4); /* half of it */
	ck_assert_int_eq(alcm_train_measure(read_memory, &f, f.len, &sample), 0);
	ck_assert_msg(fabs(sample.entropy - 0.5) < 0.02, "%g", sample.entropy);
}
END_TEST

START_TEST(what_is_no_sample)
{
	static struct memory_file f;
	struct alcm_train_sample sample;

	make_npy(&f, "|S8", 100);
	ck_assert_int_eq(alcm_train_measure(read_memory, &f, f.len, &sample), -ENODATA);
	make_npy(&f, "<f8", 0);
	ck_assert_int_eq(alcm_train_measure(read_memory, &f, f.len, &sample), -ENODATA);
	make_npy(&f, "<f8", 100);
	ck_assert_int_eq(alcm_train_measure(read_memory, &f, f.len - 1, &sample), -ENODATA);
	ck_assert_int_eq(alcm_train_measure(read_memory, &f, 0, &sample), -ENODATA);
	f.len -= 8;
	ck_assert_int_eq(alcm_train_measure(read_memory, &f, f.len + 8, &sample), -EIO);
	make_npy(&f, "<f8", 100);
	for (size_t i = 0; i < 100; i++)
		le_put_double(f.bytes + 128 + 8 * i, i % 2 ? 1e300 : -1e300);
	ck_assert_int_eq(alcm_train_measure(read_memory, &f, f.len, &sample), -ENODATA);
	for (size_t i = 0; i < 100; i++)
		le_put_double(f.bytes + 128 + 8 * i, (double)NAN);
	ck_assert_int_eq(alcm_train_measure(read_memory, &f, f.len, &sample), -ENODATA);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("weights");
	TCase *tc = tcase_create("all");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tc, there_and_back);
	tcase_add_test(tc, bad_members_are_named);
	tcase_add_test(tc, weights_that_are_no_numbers_are_named);
	tcase_add_test(tc, what_is_no_number_is_not_saved);
	tcase_add_test(tc, files_of_weights);
	tcase_add_test(tc, entropy_is_what_coding_gives);
	tcase_add_test(tc, what_is_no_sample);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
