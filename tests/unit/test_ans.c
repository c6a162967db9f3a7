/* SPDX-License-Identifier: MIT */
/* Coder `ans`: every length and distribution comes back, both loops agree, hostile bytes do no harm. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/le.h"
#include "coder/ans.h"

enum { MOST = 70000, ROOM = 2 * MOST + 8192 };

static struct ans_scratch scratch;
static uint8_t in[MOST], coded[ROOM], back[MOST];
static uint64_t state = 1;

static double uniform(void)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (double)(state >> 11) * 0x1p-53;
}

static double normal(void)
{
	return sqrt(-2 * log(1 - uniform())) * cos(6.283185307179586 * uniform());
}

/* ---- distributions ------------------------------------------------------------------------------ */

static uint8_t one_symbol(uint32_t i)
{
	(void)i;
	return 77;
}

static uint8_t all_equally(uint32_t i)
{
	return (uint8_t)(i * 151);
}

/* The frequencies for which a Huffman code is as deep as can be. */
static uint8_t fibonacci(uint32_t i)
{
	double u = uniform();
	uint8_t s = 0;

	(void)i;
	while (s < 40 && u < 0.618) {
		u /= 0.618;
		s++;
	}
	return s;
}

static uint8_t one_of_many_rare(uint32_t i)
{
	return uniform() < 0.995 ? 3 : (uint8_t)(i * 7);
}

static uint8_t two_symbols(uint32_t i)
{
	return i % 1000 == 17 ? 255 : 0;
}

static uint8_t exponents(uint32_t i)
{
	(void)i;
	return (uint8_t)(120 + rint(2 * normal()));
}

/* Rows of 100 and their columns are symbols apart. */
static uint8_t rows_and_columns(uint32_t i)
{
	return (uint8_t)(120 + i / 100 * 5 % 9 + i % 100 * 3 % 5 + (uniform() < 0.3));
}

static uint8_t (*const fills[])(uint32_t) = { one_symbol, all_equally, fibonacci,
	one_of_many_rare, two_symbols, exponents, rows_and_columns };

enum { N_FILLS = sizeof(fills) / sizeof(fills[0]) };

static void fill(unsigned which, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		in[i] = fills[which](i);
}

static size_t comes_back(uint32_t n, uint32_t row_len, uint32_t row_skip)
{
	size_t len = ans_encode(in, n, row_len, row_skip, coded, ROOM);

	ck_assert_uint_gt(len, 0);
	memset(back, 0xee, n);
	ck_assert_int_eq(ans_decode(&scratch, coded, len, back, n), 0);
	ck_assert_mem_eq(in, back, n);
	return len;
}

START_TEST(every_length_comes_back)
{
	for (uint32_t n = 1; n <= 4096; n++) {
		fill((unsigned)_i, n);
		(void)comes_back(n, n % 3 ? 0 : 100, n % 100);
	}
	fill((unsigned)_i, MOST);
	(void)comes_back(MOST, 0, 0);
	(void)comes_back(MOST, 100, 0);
	(void)comes_back(MOST, 100, 99);
	(void)comes_back(MOST, 4096, 5);
}
END_TEST

START_TEST(near_the_entropy)
{
	double counts[256] = { 0 }, bits = 0;

	fill(5, MOST);
	for (uint32_t i = 0; i < MOST; i++)
		counts[in[i]]++;
	for (unsigned s = 0; s < 256; s++)
		bits -= counts[s] > 0 ? counts[s] * log2(counts[s] / MOST) : 0;

	size_t len = comes_back(MOST, 0, 0);

	ck_assert_msg((double)len < bits / 8 * 1.005 + 200, "%zu bytes, the entropy is %.0f", len,
		bits / 8);
}
END_TEST

START_TEST(a_map_of_rows_and_columns_pays)
{
	size_t with, without;

	fill(6, MOST);
	without = comes_back(MOST, 0, 0);
	with = comes_back(MOST, 100, 0);
	ck_assert_msg(2 * with < without, "%zu bytes with a map, %zu without", with, without);
	ck_assert_uint_gt(coded[0], 1);
}
END_TEST

START_TEST(says_when_there_is_no_room)
{
	size_t len;

	fill(5, MOST);
	len = comes_back(MOST, 0, 0);
	ck_assert_uint_eq(ans_encode(in, MOST, 0, 0, coded, len + 68), len);
	for (size_t room = 0; room < len; room += 1 + room / 7)
		ck_assert_uint_eq(ans_encode(in, MOST, 0, 0, coded, room), 0);
	ck_assert_uint_eq(ans_encode(in, MOST, 0, 0, coded, len - 1), 0);
}
END_TEST

/* Random states, slots and tables: the vector loop does what the plain one does, errors included. */
START_TEST(both_loops_agree)
{
	static uint32_t slots[ANS_MAX_TABLES * ANS_SLOTS];
	static uint8_t words[2 * MOST], tables[MOST], other[MOST];

	if (!ans_has_avx2())
		return;
	for (uint32_t i = 0; i < ANS_MAX_TABLES * ANS_SLOTS; i++)
		slots[i] = (uint32_t)(uniform() * 256) | (1 + (uint32_t)(uniform() * 2047)) << 8 |
			(uint32_t)(uniform() * 2048) << 20;
	for (uint32_t i = 0; i < 2 * MOST; i++)
		words[i] = (uint8_t)(uniform() * 256);
	for (uint32_t i = 0; i < MOST; i++)
		tables[i] = (uint8_t)(uniform() * ANS_MAX_TABLES);
	for (unsigned round = 0; round < 200; round++) {
		struct ans_loop a = { .slots = slots, .words = words }, b;
		uint32_t n = (uint32_t)(uniform() * 5000);
		bool fine_a, fine_b;

		a.words_end = words + (uint32_t)(uniform() * 2 * n);
		for (unsigned i = 0; i < ANS_STATES; i++)
			a.states[i] = (uint32_t)(uniform() * 0x1p32);
		b = a;
		memset(back, 0, n);
		memset(other, 0, n);
		fine_a = ans_loop_portable(&a, round % 2 ? tables : NULL, back, n);
		fine_b = ans_loop_avx2(&b, round % 2 ? tables : NULL, other, n);
		ck_assert_int_eq(fine_a, fine_b);
		ck_assert_mem_eq(back, other, n);
		ck_assert_ptr_eq(a.words, b.words);
		ck_assert_mem_eq(a.states, b.states, sizeof(a.states));
	}
}
END_TEST

/* Damage gives an error or other bytes, never a step outside (sanitizers look at that). */
START_TEST(hostile_bytes)
{
	enum { N = 5000 };
	size_t len;

	fill(_i ? 6 : 5, N);
	len = comes_back(N, _i ? 100 : 0, 0);
	for (unsigned round = 0; round < 20000; round++) {
		size_t cut = round % 3 ? len : (size_t)(uniform() * (double)len);
		uint8_t *exact = malloc(cut + !cut), *to = malloc(N);

		memcpy(exact, coded, cut);
		for (unsigned k = 0; cut && k < 1 + round % 4; k++)
			exact[(size_t)(pow(uniform(), 3) * (double)cut)] = (uint8_t)(uniform() *
				256);
		(void)ans_decode(&scratch, exact, cut, to, N);
		free(exact);
		free(to);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ans");
	TCase *tc = tcase_create("all");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 300);
	tcase_add_loop_test(tc, every_length_comes_back, 0, N_FILLS);
	tcase_add_test(tc, near_the_entropy);
	tcase_add_test(tc, a_map_of_rows_and_columns_pays);
	tcase_add_test(tc, says_when_there_is_no_room);
	tcase_add_test(tc, both_loops_agree);
	tcase_add_loop_test(tc, hostile_bytes, 0, 2);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
