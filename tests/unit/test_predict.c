/* SPDX-License-Identifier: MIT */
/* The paper's network: its arithmetic, its bounds, and that its weights do what they
   learnt. */
#include <check.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "predict/predict.h"

static const double hostile[] = { 0, -0.0, 1, -1, 1e-310, 1e30, -1e30, DBL_MAX,
	-DBL_MAX };

START_TEST(order_of_features)
{
	struct alcm_stats s = { .mean = 1,
		.variance = 2,
		.stddev = 3,
		.skewness = 4,
		.kurtosis = 5,
		.sparsity = 6,
		.min = 7,
		.max = 8 };
	double f[PREDICT_INPUTS];

	predict_features(&s, f);
	for (int i = 0; i < PREDICT_INPUTS; i++)
		ck_assert(f[i] == i + 1);
}
END_TEST

/* One hidden unit at work, worked out by hand. */
START_TEST(forward_pass)
{
	static struct predict_weights w;
	double f[PREDICT_INPUTS] = { 2, 0, 0, 0, 0, 10 };
	double want = 0.2 + 0.7 / (1 + exp(-(0.5 * (3 * 2 - 0.1 * 10 + 0.25) - 1)));

	w.w1[5][0] = 3;
	w.w1[5][5] = -0.1;
	w.b1[5] = 0.25;
	w.w2[5] = 0.5;
	w.b2 = -1;
	w.b1[6] = -1; /* ReLU: a negative unit adds nothing */
	w.w2[6] = 100;
	ck_assert(fabs(predict_entropy(&w, f) - want) < 1e-15);
}
END_TEST

static void check_bounds(const double f[PREDICT_INPUTS])
{
	double e = predict_entropy(&predict_default_weights, f);

	/* The comparison is false for NaN. */
	ck_assert_msg(e >= 0.2 && e <= 0.9, "%g", e);
}

START_TEST(any_features_stay_in_bounds)
{
	enum { K = sizeof(hostile) / sizeof(hostile[0]) };
	double values[K + 3];

	for (int i = 0; i < K; i++)
		values[i] = hostile[i];
	values[K] = (double)NAN;
	values[K + 1] = (double)INFINITY;
	values[K + 2] = -(double)INFINITY;
	for (int a = 0; a < K + 3; a++) {
		for (int at = 0; at < PREDICT_INPUTS; at++) {
			for (int b = 0; b < K + 3; b++) {
				double f[PREDICT_INPUTS];

				for (int i = 0; i < PREDICT_INPUTS; i++)
					f[i] = i == at ? values[b] : values[a];
				check_bounds(f);
			}
		}
	}
}
END_TEST

/* Infinities that cancel. */
START_TEST(any_weights_stay_in_bounds)
{
	static struct predict_weights w;
	double f[PREDICT_INPUTS] = { 1e30, 1e30, 1e30, 1e30, 1e30, 1e30 };

	w.w1[0][0] = w.w1[1][1] = 1e300;
	w.w2[0] = 1e300;
	w.w2[1] = -1e300;

	double e = predict_entropy(&w, f);

	ck_assert_msg(e >= 0.2 && e <= 0.9, "%g", e);
}
END_TEST

/*
 * On statistics such as it was trained with (normal values, a share of them zeroed at
 * random) the network must be near its target 0.3 + 0.5·(1 − sparsity); the paper asks
 * for an error < 0.01.
 */
START_TEST(weights_have_learnt_the_target)
{
	double loss = 0;
	int n = 0;

	for (double zeros = 0.26; zeros < 0.345; zeros += 0.01, n++) {
		double var = 1 - zeros;
		double f[PREDICT_INPUTS] = { 0, var, sqrt(var), 0, 3 / var, zeros };
		double miss = predict_entropy(&predict_default_weights, f) - 0.3 - 0.5 * var;

		loss += miss * miss;
	}
	ck_assert_msg(loss / n < 0.001, "mean squared error %g", loss / n);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("predict");
	TCase *tc = tcase_create("all");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tc, order_of_features);
	tcase_add_test(tc, forward_pass);
	tcase_add_test(tc, any_features_stay_in_bounds);
	tcase_add_test(tc, any_weights_stay_in_bounds);
	tcase_add_test(tc, weights_have_learnt_the_target);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
