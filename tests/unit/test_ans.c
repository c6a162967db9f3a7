/* SPDX-License-Identifier: MIT */
/* Coder `ans`: every length and distribution comes back, both loops agree, hostile bytes
   do no harm. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/le.h"
#include "coder/ans_kernels.h"
#include "coder/histogram.h"

enum { MOST = 70000, ROOM = 2 * MOST + 8192 };

static struct ans_scratch *scratch;
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

/* ---- distributions ----------------------------------------------------------------- */

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

static const unsigned states_of[] = { ANS_STATES, ANS_WIDE_STATES };

static size_t encode(unsigned n_states, uint32_t n, uint32_t row_len, uint32_t row_skip,
	uint8_t *out, size_t capacity)
{
	uint32_t counts[256];
	struct ans_plane plane = { in, n, row_len, row_skip, counts, n_states };

	histogram_of(in, n, counts);
	return ans_encode(&plane, out, capacity);
}

/* With each of the machine's kernels the same bytes; by each of them they come back. */
static size_t comes_back_from(unsigned n_states, uint32_t n, uint32_t row_len,
	uint32_t row_skip)
{
	static uint8_t again[ROOM];
	size_t len = 0;

	for (int level = CPU_AVX512; level >= CPU_PORTABLE; level--) {
		size_t got;

		cpu_limit((enum cpu_level)level);
		got = encode(n_states, n, row_len, row_skip, again, ROOM);
		ck_assert_uint_gt(got, 0);
		ck_assert(level == CPU_AVX512 || (got == len && !memcmp(again, coded, len)));
		memcpy(coded, again, got);
		len = got;
		memset(back, 0xee, n);
		ck_assert_int_eq(ans_decode(scratch, n_states, coded, len, back, n), 0);
		ck_assert_mem_eq(in, back, n);
	}
	cpu_limit(CPU_AVX512);
	return len;
}

static size_t comes_back(uint32_t n, uint32_t row_len, uint32_t row_skip)
{
	(void)comes_back_from(ANS_WIDE_STATES, n, row_len, row_skip);
	return comes_back_from(ANS_STATES, n, row_len, row_skip);
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

	ck_assert_msg((double)len < bits / 8 * 1.005 + 200, "%zu bytes, the entropy is %.0f",
		len, bits / 8);
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

START_TEST(says_when_there_is_no_capacity)
{
	size_t len;

	fill(5, MOST);
	len = comes_back(MOST, 0, 0);
	ck_assert_uint_eq(encode(ANS_STATES, MOST, 0, 0, coded, len + 68), len);
	for (size_t capacity = 0; capacity < len; capacity += 1 + capacity / 7)
		ck_assert_uint_eq(encode(ANS_STATES, MOST, 0, 0, coded, capacity), 0);
	ck_assert_uint_eq(encode(ANS_STATES, MOST, 0, 0, coded, len - 1), 0);
}
END_TEST

/* A table of few symbols: rare ones at its ends, or anywhere, which registers can't
   hold. */
static void few_symbols(uint32_t slots[ANS_SLOTS], bool anywhere)
{
	uint32_t at = 0, left = ANS_SLOTS;

	for (uint32_t s = 0; left; s++) {
		uint32_t freq = anywhere || s < 4 ? 1 + (uint32_t)(uniform() * 40) : 100;

		freq = freq < left && s < 200 ? freq : left;
		for (uint32_t k = 0; k < freq; k++)
			slots[at++] = (uint8_t)(s * 3) | freq << 8 | k << 20;
		left -= freq;
	}
}

/* Random states, slots and tables: the vector loops do what the plain one does, errors
   included. */
START_TEST(decoders_agree)
{
	static uint32_t slots[ANS_MAX_TABLES * ANS_SLOTS];
	static uint8_t words[2 * MOST], tables[MOST], other[MOST];
	unsigned n_states = states_of[_i % 2], kind = (unsigned)_i / 2;
	struct ans_few few;

	for (uint32_t i = 0; i < ANS_MAX_TABLES * ANS_SLOTS; i++)
		slots[i] = (uint32_t)(uniform() * 256) | (1 + (uint32_t)(uniform() * 2047)) << 8 |
			(uint32_t)(uniform() * 2048) << 20;
	for (uint32_t i = 0; i < 2 * MOST; i++)
		words[i] = (uint8_t)(uniform() * 256);
	for (uint32_t i = 0; i < MOST; i++)
		tables[i] = (uint8_t)(uniform() * ANS_MAX_TABLES);
	for (unsigned round = 0; round < 200; round++) {
		struct ans_decoding start = {
			.slots = slots, .n_states = n_states, .words = words
		};
		const uint8_t *by = kind == 1 ? tables : NULL;
		uint32_t n = (uint32_t)(uniform() * 5000);

		if (kind >= 2) {
			few_symbols(slots, kind == 3);
			start.few = ans_few_make(slots, &few) ? &few : NULL;
			ck_assert(kind == 3 || start.few);
		}
		start.words_end = words + (uint32_t)(uniform() * 2 * n);
		for (unsigned i = 0; i < n_states; i++)
			start.states[i] = (uint32_t)(uniform() * 0x1p32);

		struct ans_decoding plain = start;
		bool fine;

		memset(back, 0, n);
		fine = ans_decode_portable(&plain, by, back, n);
		for (int level = CPU_AVX2; level <= CPU_AVX512; level++) {
			struct ans_decoding vector = start;

			cpu_limit((enum cpu_level)level);
			memset(other, 0, n);
			ck_assert_int_eq(ans_kernels()->decode(&vector, by, other, n), fine);
			ck_assert_mem_eq(back, other, n);
			ck_assert_ptr_eq(plain.words, vector.words);
			ck_assert_mem_eq(plain.states, vector.states, 4 * n_states);
		}
		cpu_limit(CPU_AVX512);
	}
}
END_TEST

/* Frequencies at which divisions are hard, states of every size. */
START_TEST(encoders_agree)
{
	static uint32_t symbols[256];
	static uint8_t plain_words[2 * MOST + 64], vector_words[2 * MOST + 64];
	unsigned n_states = states_of[_i];

	for (unsigned round = 0; round < 300; round++) {
		struct ans_encoding plain = { .symbols = symbols,
			.first = 7,
			.last = round % 3 ? 255 : 70,
			.n_states = n_states };
		struct ans_encoding vector;
		uint32_t n = (uint32_t)(uniform() * 5000);
		size_t capacity = (size_t)(uniform() * 3 * n);

		for (unsigned s = 0; s < 256; s++) {
			uint32_t most = round % 2 ? ANS_SLOTS : ANS_SLOTS / 2 - 1;
			uint32_t freq = 1 + (uint32_t)(pow(uniform(), 1 + round % 5) * most);

			freq = freq > most || s == round ? most : freq;
			symbols[s] = freq | (uint32_t)(uniform() * (ANS_SLOTS - freq + 1)) << 16;
		}
		for (uint32_t i = 0; i < n; i++)
			in[i] = (uint8_t)(7 + uniform() * (plain.last - 6));
		for (unsigned i = 0; i < n_states; i++)
			plain.states[i] = round % 2 ? UINT32_MAX - (uint32_t)(uniform() * 99)
										: (uint32_t)(pow(2, 16 + 16 * uniform()));
		vector = plain;
		plain.words = plain_words;
		plain.end = plain_words + capacity;
		vector.words = vector_words;
		vector.end = vector_words + capacity;

		bool fine = ans_encode_portable(&plain, NULL, in, n);

		for (int level = CPU_AVX2; level <= CPU_AVX512; level++) {
			struct ans_encoding e = vector;

			cpu_limit((enum cpu_level)level);
			ck_assert_int_eq(ans_kernels()->encode(&e, NULL, in, n), fine);
			if (!fine)
				continue;
			ck_assert_int_eq(plain.words - plain_words, e.words - vector_words);
			ck_assert_mem_eq(plain_words, vector_words, plain.words - plain_words);
			ck_assert_mem_eq(plain.states, e.states, 4 * n_states);
		}
		cpu_limit(CPU_AVX512);
	}
}
END_TEST

/* Damage gives an error or other bytes, never a step outside (sanitizers look at
   that). */
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
			exact[(size_t)(pow(uniform(), 3) * (double)cut)] = (uint8_t)(uniform() * 256);
		(void)ans_decode(scratch, ANS_STATES, exact, cut, to, N);
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

	scratch = ans_scratch_new();
	if (!scratch)
		return EXIT_FAILURE;
	tcase_set_timeout(tc, 300);
	tcase_add_loop_test(tc, every_length_comes_back, 0, N_FILLS);
	tcase_add_test(tc, near_the_entropy);
	tcase_add_test(tc, a_map_of_rows_and_columns_pays);
	tcase_add_test(tc, says_when_there_is_no_capacity);
	tcase_add_loop_test(tc, decoders_agree, 0, 8);
	tcase_add_loop_test(tc, encoders_agree, 0, 2);
	tcase_add_loop_test(tc, hostile_bytes, 0, 2);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	ans_scratch_free(scratch);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
