/* SPDX-License-Identifier: MIT */
/*
 * What must hold for any data: every element type at every length up to 4096 bytes (none
 * is no chunk), with the values and the histograms that codecs get wrong, comes back bit
 * for bit; so does each histogram by each coder.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/le.h"
#include "codec/codec.h"
#include "coder/coder_table.h"

enum { CHUNK = 64 << 10, MAX_LEN = 4096 };

/* Instrumented, one length in some: the others are tried without. Prime to the number of
   contents. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { STEP = 11 };
#else
enum { STEP = 1 };
#endif

static uint8_t raw[CHUNK], back[CHUNK], coded[CHUNK + 1024];
static uint64_t random_state = 0x452821e638d01377u;

static uint32_t next_random(void)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(random_state >> 32);
}

/* ---- content ----------------------------------------------------------------------- */

static void fill_equal(size_t n)
{
	memset(raw, 0x3f, n);
}

/* Every element another one, whatever its width. */
static void fill_distinct(size_t n)
{
	for (size_t i = 0; i < n; i++)
		raw[i] = (uint8_t)(i % 2 ? i / 2 : i * 167 + i / 256);
}

static void fill_noise(size_t n)
{
	for (size_t i = 0; i < n; i++)
		raw[i] = (uint8_t)next_random();
}

/* Of each width the smallest exponent: what is left is a denormal or zero, of either
   sign. */
static void fill_denormals(size_t n)
{
	for (size_t i = 0; i < n; i++)
		raw[i] = i % 2 ? (uint8_t)(next_random() & 0x80) : (uint8_t)next_random();
}

/* Infinities, and NaNs with every payload, as any float width reads them. */
static void fill_nans(size_t n)
{
	for (size_t i = 0; i < n; i++)
		raw[i] = i % 2 ? (uint8_t)(0x7f | (next_random() & 0x80))
					   : (uint8_t)next_random();
}

/* Byte k as often as the k-th Fibonacci number: the deepest Huffman tree, and frequencies
   that round to 0. */
static void fill_fibonacci(size_t n)
{
	size_t a = 1, b = 1, at = 0;

	for (unsigned symbol = 0; at < n; symbol++) {
		size_t next = a + b;

		for (size_t k = 0; k < a && at < n; k++)
			raw[at++] = (uint8_t)symbol;
		a = b;
		b = next;
	}
	for (size_t i = n; i > 1; i--) {
		size_t j = next_random() % i;
		uint8_t t = raw[i - 1];

		raw[i - 1] = raw[j];
		raw[j] = t;
	}
}

/* All 256 as often as each other. */
static void fill_flat(size_t n)
{
	for (size_t i = 0; i < n; i++)
		raw[i] = (uint8_t)(i * 97);
}

/* One symbol, and a single other somewhere. */
static void fill_lonely(size_t n)
{
	memset(raw, 0x80, n);
	raw[next_random() % n] = 0x7f;
}

static void (*const fills[])(size_t n) = { fill_equal, fill_distinct, fill_noise,
	fill_denormals, fill_nans, fill_fibonacci, fill_flat, fill_lonely };

enum { N_FILLS = sizeof(fills) / sizeof(fills[0]) };

/* ---- the whole codec --------------------------------------------------------------- */

static struct codec *codec;
static struct coder_state *state;
static uint8_t *body;

static void setup(void)
{
	ck_assert_int_eq(codec_new(CHUNK, &codec), 0);
	ck_assert_int_eq(coder_state_new(&state), 0);
	body = malloc(codec_bound(CHUNK));
	ck_assert_ptr_nonnull(body);
}

static void teardown(void)
{
	codec_free(codec);
	coder_state_free(state);
	free(body);
}

static void round_trip(enum dtype_id dtype, uint32_t n, bool big)
{
	uint32_t width = dtype_get(dtype)->width_bytes, whole = n - n % width;
	struct span spans[2] = {
		{ .len_bytes = whole,
			.elem_bytes = width,
			.dtype = dtype,
			.big_endian = big,
			.row_len = n % 3 ? 0 : 16 },
		{ .len_bytes = n - whole, .elem_bytes = 1, .dtype = DTYPE_BYTES },
	};
	const struct span *first = whole ? spans : spans + 1;
	const struct codec_context with = {
		.codec = codec, .spans = first, .n_spans = whole && n > whole ? 2 : 1
	};
	struct codec_result result;

	ck_assert_int_eq(codec_encode(&with, raw, n, body, &result), 0);
	memset(back, 0xee, n + 1);
	ck_assert_int_eq(codec_decode(&with, body, result.body_len, back, n), 0);
	ck_assert_msg(!memcmp(raw, back, n) && back[n] == 0xee, "%s, %u bytes",
		dtype_get(dtype)->name, n);
}

/* The loop's number is the type. Content goes round with the length, so that each meets
   each. */
START_TEST(test_every_type_at_every_length)
{
	for (uint32_t n = 1; n <= MAX_LEN; n += STEP) {
		fills[(n + (unsigned)_i) % N_FILLS](n);
		round_trip((enum dtype_id)_i, n, n / N_FILLS % 2);
	}
}
END_TEST

START_TEST(test_whole_chunks)
{
	for (unsigned kind = 0; kind < N_FILLS; kind++) {
		fills[kind](CHUNK - 1);
		round_trip((enum dtype_id)_i, CHUNK - 1, kind % 2);
	}
}
END_TEST

/* ---- each coder -------------------------------------------------------------------- */

START_TEST(test_histograms_by_each_coder)
{
	static const size_t lengths[] = { 1, 2, 3, 15, 16, 17, 255, 256, 257, 1000, 4095,
		4096, 4097, 40000, CHUNK - 1 };

	for (uint8_t id = 0; id < CODER_COUNT; id++) {
		const struct coder_ops *c = coder_find(id);

		for (unsigned k = 0;
			 !c->codes && k < N_FILLS * sizeof(lengths) / sizeof(lengths[0]); k++) {
			size_t n = lengths[k / N_FILLS], len;

			fills[k % N_FILLS](n);
			coder_set_rows(state, 0, 0);
			len = c->encode(state, 3, raw, n, coded, sizeof(coded));
			if (!len)
				continue;
			memset(back, 0xee, n + 1);
			ck_assert_msg(!c->decode(state, coded, len, back, n) &&
					!memcmp(raw, back, n) && back[n] == 0xee,
				"%s, content %u, %zu bytes", c->name, k % N_FILLS, n);
		}
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("properties");
	TCase *tcase = tcase_create("properties");
	SRunner *runner = srunner_create(suite);
	int n_failed;

	tcase_set_timeout(tcase, 280);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, test_every_type_at_every_length, 0, DTYPE_COUNT);
	tcase_add_loop_test(tcase, test_whole_chunks, 0, DTYPE_COUNT);
	tcase_add_test(tcase, test_histograms_by_each_coder);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	n_failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return n_failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
