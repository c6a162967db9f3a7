/* SPDX-License-Identifier: MIT */
/* Weights as text: there and back, and what is refused, with its reason. */
#include <check.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "weights_write.h"

/* A text of n zeros, in which the one that comes as `nth` is `other`. */
static void zeros(char text[4096], int n, int nth, const char *other)
{
	text[0] = '\0';
	for (int i = 0; i < n; i++)
		strcat(strcat(text, i == nth ? other : "0"), i % 8 == 7 ? "\n" : " ");
}

static void check_refused(const char *text, const char *cause)
{
	struct predict_weights w = { .b2 = 77 };
	struct alcm_diag diag = { 0 };

	ck_assert_int_eq(weights_parse(text, &w, &diag), -EINVAL);
	ck_assert_str_eq(diag.cause, cause);
	ck_assert(w.b2 == 77);
}

START_TEST(there_and_back)
{
	const struct predict_weights *w = &predict_default_weights;
	struct predict_weights back;
	char *text;

	ck_assert_int_eq(weights_print(w, &text, NULL), 0);
	ck_assert_int_eq(weights_parse(text, &back, NULL), 0);
	ck_assert_mem_eq(w, &back, sizeof(back));
	mem_free(text);
}
END_TEST

/* In the order of a matrix to multiply rows of values by: the paper's, and NumPy's. */
START_TEST(places_are_those_of_numpy)
{
	struct predict_weights w;
	char text[4096];

	zeros(text, WEIGHTS_N, 2 * PREDICT_HIDDEN + 7, "1.5# W1[2, 7]\n");
	ck_assert_int_eq(weights_parse(text, &w, NULL), 0);
	ck_assert(w.w1[7][2] == 1.5 && w.w1[7][1] == 0 && w.b2 == 0);
	zeros(text, WEIGHTS_N, WEIGHTS_N - 1, "-1e-3");
	ck_assert_int_eq(weights_parse(text, &w, NULL), 0);
	ck_assert(w.b2 == -1e-3 && w.w1[7][2] == 0);
}
END_TEST

static const struct {
	int n, nth;
	const char *other, *cause;
} bad[] = {
	{ 0, 0, "", "0 numbers instead of 513" },
	{ WEIGHTS_N - 1, 0, "0", "512 numbers instead of 513" },
	{ WEIGHTS_N + 1, 0, "0", "514 numbers instead of 513" },
	{ WEIGHTS_N, 17, "x", "line 3: no number" },
	{ WEIGHTS_N, 16, "0\n# a comment\n1,2", "line 5: no number" },
	{ WEIGHTS_N, 2 * PREDICT_HIDDEN + 7, "nan", "weight W1[2, 7] is nan" },
	{ WEIGHTS_N, 6 * PREDICT_HIDDEN + 63, "1e999", "weight b1[63] is inf" },
	{ WEIGHTS_N, 7 * PREDICT_HIDDEN + 9, "inf", "weight W2[9, 0] is inf" },
	{ WEIGHTS_N, WEIGHTS_N - 1, "-inf", "weight b2[0] is -inf" },
};

START_TEST(what_is_wrong_is_named)
{
	char text[4096];

	zeros(text, bad[_i].n, bad[_i].nth, bad[_i].other);
	check_refused(text, bad[_i].cause);
}
END_TEST

START_TEST(what_is_no_number_is_not_saved)
{
	struct predict_weights w = predict_default_weights;
	struct alcm_diag diag;
	char *text;

	w.w2[9] = (double)NAN;
	ck_assert_int_eq(weights_print(&w, &text, &diag), -EINVAL);
	ck_assert_str_eq(diag.cause, "weight W2[9, 0] is nan");
}
END_TEST

START_TEST(files_of_weights)
{
	char path[] = "/tmp/test_weights_XXXXXX";
	struct alcm_predictor *back = NULL;
	char *text;
	struct alcm_diag diag = { 0 };
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(alcm_predictor_read(fd, &back, &diag), -EINVAL);
	ck_assert_str_eq(diag.cause, "0 numbers instead of 513");
	ck_assert_int_eq(weights_print(&predict_default_weights, &text, NULL), 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), strlen(text));
	mem_free(text);
	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	ck_assert_int_eq(alcm_predictor_read(fd, &back, &diag), 0);
	ck_assert_mem_eq(&back->weights, &predict_default_weights, sizeof(back->weights));
	alcm_predictor_free(back);
	ck_assert_int_eq(pwrite(fd, "", 1, 100), 1);
	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	ck_assert_int_eq(alcm_predictor_read(fd, &back, &diag), -EINVAL);
	ck_assert_str_eq(diag.cause, "it is not a text of numbers");
	ck_assert_int_eq(ftruncate(fd, (1 << 20) + 1), 0);
	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	ck_assert_int_eq(alcm_predictor_read(fd, &back, &diag), -EFBIG);
	close(fd);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("weights");
	TCase *tc = tcase_create("all");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tc, there_and_back);
	tcase_add_test(tc, places_are_those_of_numpy);
	tcase_add_loop_test(tc, what_is_wrong_is_named, 0, sizeof(bad) / sizeof(bad[0]));
	tcase_add_test(tc, what_is_no_number_is_not_saved);
	tcase_add_test(tc, files_of_weights);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
