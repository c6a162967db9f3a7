/* SPDX-License-Identifier: MIT */
/* Histograms and figures: the same with whatever vectors the machine has, and what they
   promise. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "codec/figures.h"
#include "coder/histogram.h"
#include "transform/sparse.h"

enum { MOST = 140000 };

static uint8_t in[MOST];
static uint64_t state = 7;

static uint32_t random_below(uint32_t n)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((state >> 33) % n);
}

/* Few symbols, many, one that is rare, runs. */
static void fill(unsigned kind, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		uint8_t few = (uint8_t)(120 + random_below(5) + random_below(5));

		in[i] = kind == 0 ? few
			: kind == 1   ? (uint8_t)random_below(256)
			: kind == 2   ? (uint8_t)(random_below(9999) ? 200 : random_below(256))
						  : (uint8_t)(i / 37 * 11);
	}
}

static const uint32_t lens[] = { 256, 257, 1000, 4095, 32767, 32768, 65504, 131072,
	MOST };

enum { N_LENS = sizeof(lens) / sizeof(lens[0]) };

START_TEST(estimates_know_which_symbols_there_are)
{
	for (unsigned l = 0; l < N_LENS; l++) {
		uint32_t exact[256], first[256], counts[256], n = lens[l];
		uint64_t sum = 0;

		fill((unsigned)_i, n);
		histogram_of(in, n, exact);
		for (unsigned s = 0; s < 256; s++)
			sum += exact[s];
		ck_assert_uint_eq(sum, n);
		for (int level = CPU_PORTABLE; level <= CPU_AVX512; level++) {
			cpu_limit((enum cpu_level)level);
			histogram_estimate(in, n, counts);
			for (unsigned s = 0; s < 256; s++)
				ck_assert_int_eq(counts[s] != 0, exact[s] != 0);
			if (level == CPU_PORTABLE)
				memcpy(first, counts, sizeof(first));
			ck_assert_mem_eq(first, counts, sizeof(counts));
		}
		cpu_limit(CPU_AVX512);
	}
}
END_TEST

START_TEST(figures_do_not_depend_on_the_machine)
{
	for (unsigned l = 0; l < N_LENS; l++) {
		struct figures first = { .entropy = -1 }, f;
		uint32_t n = lens[l];

		fill((unsigned)_i, n);
		for (int level = CPU_PORTABLE; level <= CPU_AVX512; level++) {
			cpu_limit((enum cpu_level)level);
			figures_measure(in, n, &f);
			if (level == CPU_PORTABLE)
				first = f;
			ck_assert_double_eq(f.entropy, first.entropy);
			ck_assert_double_eq(f.chance, first.chance);
			ck_assert_double_eq(f.run_excess, first.run_excess);
		}
		cpu_limit(CPU_AVX512);
	}
}
END_TEST

START_TEST(repeats_do_not_depend_on_the_machine)
{
	for (unsigned width = 1; width <= 8; width *= 2) {
		for (unsigned l = 0; l < N_LENS; l++) {
			struct repeats first = { -1, -1 }, r;
			uint32_t n = lens[l];

			fill((unsigned)_i, n);
			if (n > 8192)
				memcpy(in + n / 2, in, n / 4);
			for (int level = CPU_PORTABLE; level <= CPU_AVX512; level++) {
				cpu_limit((enum cpu_level)level);
				figures_repeats(in, n, width, &r);
				if (level == CPU_PORTABLE)
					first = r;
				ck_assert_double_eq(r.fours, first.fours);
				ck_assert_double_eq(r.eights, first.eights);
			}
			cpu_limit(CPU_AVX512);
		}
	}
}
END_TEST

START_TEST(zeros_do_not_depend_on_the_machine)
{
	for (unsigned width = 2; width <= 8; width *= 2) {
		for (uint32_t n = 0; n <= 4096; n += 1 + n / 9) {
			size_t zeros = 0;

			for (uint32_t i = 0; i < n * width; i++)
				in[i] = 0;
			for (uint32_t i = 0; i < n; i++) {
				unsigned kind = random_below(4);

				if (kind == 0)
					in[i * width + width / 2] = 1;
				else if (kind == 1)
					in[i * width + (_i ? 0 : width - 1)] = 0x80;
				zeros += kind != 0;
			}
			for (int level = CPU_PORTABLE; level <= CPU_AVX512; level++) {
				cpu_limit((enum cpu_level)level);
				ck_assert_uint_eq(sparse_count_zeros(in, n, width, _i), zeros);
			}
			cpu_limit(CPU_AVX512);
		}
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("figures");
	TCase *tc = tcase_create("all");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, estimates_know_which_symbols_there_are, 0, 4);
	tcase_add_loop_test(tc, figures_do_not_depend_on_the_machine, 0, 4);
	tcase_add_loop_test(tc, repeats_do_not_depend_on_the_machine, 0, 4);
	tcase_add_loop_test(tc, zeros_do_not_depend_on_the_machine, 0, 2);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
