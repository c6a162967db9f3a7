/* SPDX-License-Identifier: MIT */
/*
 * Random numbers and synthetic gradients. tests/numpy/ compares with a NumPy that is
 * here; this one holds them against what NumPy 1.24 gave once.
 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/le.h"
#include "mt19937.h"
#include "synth.h"

enum { SIDE = 100, TRAIN_SIDE = 50 };

/* FNV-1a of each tensor's bytes as a .npy holds them: synth.py --hashes. */
static const uint64_t fnv_start = 0xcbf29ce484222325, fnv_prime = 0x100000001b3;
static const uint64_t epoch_hashes[] = {
	0xb69b944f6941da1e,
	0x377e9fc1e90346ef,
	0xfb6049f758da9bd3,
	0xe5a0fe2c4b830d56,
	0xd23bc1d304791cef,
	0xaee9f23aef259e52,
	0x714f8829db70d394,
	0xdc87ee6e0131763c,
	0x20a8b9314ff6f564,
	0x512c53c623b830c8,
};
static const uint64_t training_hash = 0xf0a8f935a3c38df4;

static void put_float(uint8_t *p, float value)
{
	uint32_t bits;

	memcpy(&bits, &value, sizeof(bits));
	le_put32(p, bits);
}

static uint64_t add_hash(uint64_t hash, const float *values, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint8_t bytes[4];

		put_float(bytes, values[i]);
		for (int k = 0; k < 4; k++)
			hash = (hash ^ bytes[k]) * fnv_prime;
	}
	return hash;
}

/* ISO C++ 26.6.5 gives the 10000th word after the authors' default seed. */
START_TEST(ten_thousandth_word)
{
	struct mt19937 mt;
	uint32_t word = 0;

	mt19937_seed(&mt, 5489);
	for (int i = 0; i < 10000; i++)
		word = mt19937_bits(&mt);
	ck_assert_uint_eq(word, 4123659995u);
}
END_TEST

START_TEST(seeding_forgets_everything)
{
	struct mt19937 mt;
	double first, second;

	mt19937_seed(&mt, 7);
	first = mt19937_randn(&mt);
	second = mt19937_randn(&mt);
	ck_assert(first != second);
	mt19937_randn(&mt);
	mt19937_seed(&mt, 7);
	ck_assert(mt19937_randn(&mt) == first);
}
END_TEST

START_TEST(numbers_are_in_range)
{
	double sum = 0, squares = 0;
	struct mt19937 mt;
	int n = 100000;

	mt19937_seed(&mt, 1);
	for (int i = 0; i < n; i++) {
		double u = mt19937_uniform(&mt, -3, 5), v = mt19937_randn(&mt);

		ck_assert(u >= -3 && u < 5);
		sum += v;
		squares += v * v;
	}
	ck_assert(fabs(sum / n) < 0.02);
	ck_assert(fabs(squares / n - 1) < 0.02);
}
END_TEST

START_TEST(epochs_equal_numpy)
{
	static float values[SIDE * SIDE];

	for (uint32_t epoch = 1; epoch <= 10; epoch++) {
		synth_gradient(epoch, SIDE, SIDE, values);
		ck_assert_msg(add_hash(fnv_start, values, SIDE * SIDE) == epoch_hashes[epoch - 1],
			"epoch %u", epoch);
	}
}
END_TEST

START_TEST(training_tensors_equal_numpy)
{
	static float values[TRAIN_SIDE * TRAIN_SIDE];
	uint64_t hash = fnv_start;

	for (uint32_t epoch = 0; epoch < 50; epoch++) {
		synth_gradient(epoch, TRAIN_SIDE, TRAIN_SIDE, values);
		hash = add_hash(hash, values, TRAIN_SIDE * TRAIN_SIDE);
	}
	ck_assert(hash == training_hash);
}
END_TEST

/* The share 0.3 is zeroed, negative values to -0.0. */
START_TEST(zeroed_values_keep_their_sign)
{
	static float values[SIDE * SIDE];
	int n_plus = 0, n_minus = 0;

	synth_gradient(1, SIDE, SIDE, values);
	for (int i = 0; i < SIDE * SIDE; i++) {
		if (values[i] == 0 && signbit(values[i]))
			n_minus++;
		else if (values[i] == 0)
			n_plus++;
	}
	ck_assert_int_gt(n_plus, 1350);
	ck_assert_int_gt(n_minus, 1350);
	ck_assert_int_lt(abs(n_plus + n_minus - 3000), 200);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("synth");
	TCase *tc = tcase_create("all");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tc, ten_thousandth_word);
	tcase_add_test(tc, seeding_forgets_everything);
	tcase_add_test(tc, numbers_are_in_range);
	tcase_add_test(tc, epochs_equal_numpy);
	tcase_add_test(tc, training_tensors_equal_numpy);
	tcase_add_test(tc, zeroed_values_keep_their_sign);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
