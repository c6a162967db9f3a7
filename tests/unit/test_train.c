/* SPDX-License-Identifier: MIT */
/* Training: its gradient by differences, its loss, samples, and where the compiled-in
   weights are from. */
#include <check.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/le.h"
#include "mt19937.h"
#include "train.h"
#include "weights_write.h"

enum { N_WEIGHTS = sizeof(struct predict_weights) / sizeof(double) };

struct losses {
	unsigned n;
	double first, last;
};

static void keep_loss(void *ctx, unsigned epoch, double loss)
{
	struct losses *l = ctx;

	ck_assert_uint_eq(epoch, l->n + 1);
	if (l->n++ == 0)
		l->first = loss;
	l->last = loss;
}

static struct train_options with_losses(struct train_options options,
	struct losses *losses)
{
	*losses = (struct losses){ 0 };
	options.progress = keep_loss;
	options.ctx = losses;
	return options;
}

static double loss_of(const struct predict_weights *w, const struct train_sample *sample)
{
	return pow(predict_entropy(w, sample->features) - sample->target, 2);
}

/* Every derivative against (f(w+d) − f(w−d)) / 2d; weights are at least 1e-4 from ReLU's
   kink. */
START_TEST(gradient_by_differences)
{
	struct train_sample sample = { { 0.3, 1.2, -0.7, 0.4, 2.1, 0.25 }, 0.83 };
	const double step = 1e-6;
	double gradient[N_WEIGHTS], weights[N_WEIGHTS], largest = 0;
	struct predict_weights w, g;

	train_init(&w, 3);
	ck_assert(fabs(train_gradient(&w, &sample, &g) - loss_of(&w, &sample)) < 1e-15);
	memcpy(gradient, &g, sizeof(g));
	memcpy(weights, &w, sizeof(w));
	for (int k = 0; k < N_WEIGHTS; k++) {
		double kept = weights[k], up, down;

		weights[k] = kept + step;
		memcpy(&w, weights, sizeof(w));
		up = loss_of(&w, &sample);
		weights[k] = kept - step;
		memcpy(&w, weights, sizeof(w));
		down = loss_of(&w, &sample);
		weights[k] = kept;
		largest = fmax(largest, fabs(gradient[k]));
		ck_assert_msg(fabs((up - down) / (2 * step) - gradient[k]) < 1e-9,
			"weight %d: %g by differences, %g", k, (up - down) / (2 * step), gradient[k]);
	}
	ck_assert(largest > 0.01);
}
END_TEST

START_TEST(the_first_weights_are_xavier)
{
	double limit = sqrt(6.0 / 70);
	struct predict_weights w;
	struct mt19937 mt;

	train_init(&w, 42);
	mt19937_seed(&mt, 42);
	ck_assert(w.w1[0][0] == mt19937_uniform(&mt, -limit, limit));
	ck_assert(w.w1[0][1] == mt19937_uniform(&mt, -limit, limit));
	for (int k = 2; k < PREDICT_HIDDEN * PREDICT_INPUTS; k++)
		mt19937_rand(&mt);
	limit = sqrt(6.0 / 65);
	ck_assert(w.w2[0] == mt19937_uniform(&mt, -limit, limit));
	ck_assert(w.b1[0] == 0 && w.b2 == 0);
}
END_TEST

START_TEST(the_paper_s_training_gives_the_compiled_in_weights)
{
	struct train_sample samples[TRAIN_SYNTHETIC];
	struct predict_weights w;
	struct losses losses;
	struct train_options options = with_losses(train_paper_options, &losses);

	train_synthetic_samples(samples);
	ck_assert_int_eq(train_run(samples, TRAIN_SYNTHETIC, &options, &w, NULL), 0);
	ck_assert_uint_eq(losses.n, 10);
	ck_assert_msg(losses.last < 0.01, "mean squared error %g", losses.last);
	ck_assert(losses.last < losses.first);
	ck_assert_msg(memcmp(&w, &predict_default_weights, sizeof(w)) == 0,
		"run alcm-lab train --c core/predict/weights.c (mean squared error %g)",
		losses.last);
}
END_TEST

START_TEST(the_source_keeps_every_bit)
{
	const char *at;
	char *text, *end;

	ck_assert_int_eq(weights_source(&predict_default_weights, &text), 0);
	at = strstr(text, ".w1 = {\n\t\t{ ");
	ck_assert_ptr_nonnull(at);
	ck_assert(strtod(at + 11, &end) == predict_default_weights.w1[0][0]);
	ck_assert_int_eq(*end, ',');
	at = strstr(text, ".b2 = ");
	ck_assert_ptr_nonnull(at);
	ck_assert(strtod(at + 6, &end) == predict_default_weights.b2);
	ck_assert_str_eq(end, ",\n};\n");
	mem_free(text);
}
END_TEST

/* Features magnitudes apart, one that never varies, one huge: as checkpoints have
   them. */
static void real_samples(struct train_sample *samples, int n)
{
	struct mt19937 mt;

	mt19937_seed(&mt, 1);
	for (int k = 0; k < n; k++) {
		double x = mt19937_rand(&mt);

		samples[k] = (struct train_sample){
			{ 1e-5 * mt19937_randn(&mt), 1e-4 * x, 0.01 * sqrt(x), mt19937_randn(&mt),
				1e6 * mt19937_rand(&mt), 0 },
			0.3 + 0.5 * x,
		};
	}
}

START_TEST(real_data_is_learnt_too)
{
	enum { N = 200 };
	struct train_sample samples[N];
	struct predict_weights w;
	struct losses losses;
	struct train_options options = with_losses(train_paper_options, &losses);
	double loss = 0;

	real_samples(samples, N);
	options.standardise = true;
	options.n_epochs = 300;
	ck_assert_int_eq(train_run(samples, N, &options, &w, NULL), 0);
	ck_assert_msg(losses.last < 0.003, "mean squared error %g", losses.last);
	/* The result works on the features as they are. */
	for (int k = 0; k < N; k++)
		loss += loss_of(&w, &samples[k]) / N;
	ck_assert_msg(loss < 0.003, "mean squared error %g", loss);
}
END_TEST

START_TEST(bad_samples_are_named)
{
	struct train_sample samples[2] = { { { 0 }, 0.5 }, { { 0 }, 0.5 } };
	struct alcm_diag diag;
	struct predict_weights w;

	ck_assert_int_eq(train_run(samples, 0, &train_paper_options, &w, &diag), -EINVAL);
	ck_assert_str_eq(diag.cause, "no samples to train on");
	samples[1].target = (double)NAN;
	ck_assert_int_eq(train_run(samples, 2, &train_paper_options, &w, &diag), -EINVAL);
	ck_assert_str_eq(diag.cause, "sample 1: target nan not in 0.2 … 0.9");
	samples[1].target = 0.5;
	samples[1].features[4] = (double)INFINITY;
	ck_assert_int_eq(train_run(samples, 2, &train_paper_options, &w, &diag), -EINVAL);
	ck_assert_str_eq(diag.cause, "sample 1: feature 4 is inf");
}
END_TEST

START_TEST(huge_features_end_well)
{
	struct train_sample samples[3] = { { { 1e300, 1e308 }, 0.5 }, { { -1e308 }, 0.4 },
		{ { 0 }, 0.9 } };
	struct train_options options = train_paper_options;
	struct predict_weights w;

	for (int s = 0; s < 2; s++) {
		options.standardise = s;

		int err = train_run(samples, 3, &options, &w, NULL);

		ck_assert(err == -ERANGE || (err == 0 && weights_check(&w, NULL) == 0));
	}
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
	struct train_sample sample;
	uint64_t x = 1;

	make_npy(&f, "<f8", 10000);
	for (size_t i = 0; i < 10000; i++)
		le_put_double(f.bytes + 128 + 8 * i, i % 2 ? 1 : 3);
	ck_assert_int_eq(train_measure(read_memory, &f, f.len, &sample), 0);
	ck_assert(sample.target == 0.2);                 /* far fewer bits */
	ck_assert(fabs(sample.features[0] - 2) < 1e-12); /* the mean */

	make_npy(&f, "<i8", 10000);
	for (size_t i = 128; i < f.len; i++) {
		x = x * 6364136223846793005u + 1442695040888963407u;
		f.bytes[i] = (uint8_t)(x >> 56);
	}
	ck_assert_int_eq(train_measure(read_memory, &f, f.len, &sample), 0);
	ck_assert(sample.target == 0.9); /* noise */
	for (size_t i = 0; i < 10000; i++)
		memset(f.bytes + 128 + 8 * i + 4, 0, 4); /* half of it */
	ck_assert_int_eq(train_measure(read_memory, &f, f.len, &sample), 0);
	ck_assert_msg(fabs(sample.target - 0.5) < 0.02, "%g", sample.target);
}
END_TEST

START_TEST(what_is_no_sample)
{
	static struct memory_file f;
	struct train_sample sample;

	make_npy(&f, "|S8", 100);
	ck_assert_int_eq(train_measure(read_memory, &f, f.len, &sample), -ENODATA);
	make_npy(&f, "<f8", 0);
	ck_assert_int_eq(train_measure(read_memory, &f, f.len, &sample), -ENODATA);
	make_npy(&f, "<f8", 100);
	ck_assert_int_eq(train_measure(read_memory, &f, f.len - 1, &sample), -ENODATA);
	ck_assert_int_eq(train_measure(read_memory, &f, 0, &sample), -ENODATA);
	f.len -= 8;
	ck_assert_int_eq(train_measure(read_memory, &f, f.len + 8, &sample), -EIO);
	make_npy(&f, "<f8", 100);
	for (size_t i = 0; i < 100; i++)
		le_put_double(f.bytes + 128 + 8 * i, i % 2 ? 1e300 : -1e300);
	ck_assert_int_eq(train_measure(read_memory, &f, f.len, &sample), -ENODATA);
	for (size_t i = 0; i < 100; i++)
		le_put_double(f.bytes + 128 + 8 * i, (double)NAN);
	ck_assert_int_eq(train_measure(read_memory, &f, f.len, &sample), -ENODATA);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("train");
	TCase *tc = tcase_create("all");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tc, gradient_by_differences);
	tcase_add_test(tc, the_first_weights_are_xavier);
	tcase_add_test(tc, the_paper_s_training_gives_the_compiled_in_weights);
	tcase_add_test(tc, the_source_keeps_every_bit);
	tcase_add_test(tc, real_data_is_learnt_too);
	tcase_add_test(tc, bad_samples_are_named);
	tcase_add_test(tc, huge_features_end_well);
	tcase_add_test(tc, entropy_is_what_coding_gives);
	tcase_add_test(tc, what_is_no_sample);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
