/* SPDX-License-Identifier: MIT */
/* What is learnt: the portable functions, a network that is taught, and where the
   compiled-in weights are from. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "learn.h"
#include "mt19937.h"
#include "predict/portable_math.h"
#include "softmax_train.h"

START_TEST(logarithm_and_power)
{
	for (float x = 1e-30f; x < 1e30f; x *= 1.37f)
		ck_assert(fabs((double)portable_log2(x) - log2((double)x)) < 1e-5);
	for (float x = -120; x < 120; x += 0.37f)
		ck_assert(fabs((double)portable_exp2(x) / exp2((double)x) - 1) < 1e-5);
	ck_assert(portable_log2(1) == 0 && portable_log2(8) == 3 && portable_exp2(5) == 32);
	ck_assert(portable_exp2(-1e30f) > 0 && isfinite(portable_exp2(1e30f)));
}
END_TEST

/* Which quadrant a point is in: no line tells diagonal ones apart. */
static void make_points(struct mt19937 *mt, struct softmax_sample *samples, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		float x = (float)mt19937_uniform(mt, -1, 1),
			  y = (float)mt19937_uniform(mt, -1, 1);

		samples[i] = (struct softmax_sample){ { x, y }, (x > 0) != (y > 0) };
	}
}

START_TEST(a_network_is_taught)
{
	enum { N = 1000 };
	static struct softmax_sample samples[N];
	static struct softmax_weights weights, again;
	const struct softmax_options options = {
		.n_inputs = 2, .n_classes = 2, .n_epochs = 30, .seed = 1
	};
	struct mt19937 mt;
	double loss;

	mt19937_seed(&mt, 9);
	make_points(&mt, samples, N);
	loss = softmax_train(&options, samples, N, &weights);
	ck_assert_msg(loss < 0.2, "%g bits of loss", loss);
	mt19937_seed(&mt, 9);
	make_points(&mt, samples, N);
	ck_assert(softmax_train(&options, samples, N, &again) == loss);
	ck_assert_mem_eq(&weights, &again, sizeof(weights));
}
END_TEST

START_TEST(probabilities_add_up)
{
	float logits[5] = { -1000, 3, 3, 1000, -2 };
	float sum = 0;

	softmax_of(logits, 5);
	for (unsigned k = 0; k < 5; k++) {
		ck_assert(logits[k] >= 0 && logits[k] <= 1);
		sum += logits[k];
	}
	ck_assert(fabsf(sum - 1) < 1e-6f && logits[3] > 0.999f);
}
END_TEST

/* What `learn` prints is what the file holds. */
static void check_source(const char *path, char *text, size_t len)
{
	char *file = malloc(len + 2);
	FILE *f = fopen(path, "rb");

	ck_assert_msg(f && file, "%s can't be read", path);
	ck_assert_msg(fread(file, 1, len + 2, f) == len && !memcmp(file, text, len),
		"%s: written by another training", path);
	fclose(f);
	free(file);
	free(text);
}

START_TEST(weights_of_inference)
{
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	char *text;
	size_t len;
	FILE *to = open_memstream(&text, &len);

	ck_assert_int_eq(learn_infer(to), 0);
	fclose(to);
	check_source("core/predict/infer_weights.c", text, len);
#endif
}
END_TEST

START_TEST(weights_of_choices)
{
	FILE *from = fopen("tools/lab/learn/choices.csv", "r");
	char *text;
	size_t len;
	FILE *to = open_memstream(&text, &len);

	ck_assert_ptr_nonnull(from);
	ck_assert_int_eq(learn_choose(from, to), 0);
	fclose(from);
	fclose(to);
	check_source("core/codec/choose_weights.c", text, len);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("learn");
	TCase *tc = tcase_create("learn");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 280); /* training takes two seconds of a whole core */
	tcase_add_test(tc, logarithm_and_power);
	tcase_add_test(tc, a_network_is_taught);
	tcase_add_test(tc, probabilities_add_up);
	tcase_add_test(tc, weights_of_inference);
	tcase_add_test(tc, weights_of_choices);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
