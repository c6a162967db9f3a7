/* SPDX-License-Identifier: MIT */
/* Every coder: round trip, bounded output, and nothing but the whole input accepted. */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "coder/coder_table.h"

enum { MAX_LEN = 70000, N_KINDS = 5 };

static struct coder_state *state;
static uint8_t in[MAX_LEN], out[MAX_LEN], coded[MAX_LEN + 1024];
static const int efforts[] = { CODER_SYMBOLS_ONLY, 1, 6, 9 };
static uint64_t random_state = 0x13198a2e03707344u;

static uint32_t random_below(uint32_t n)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(random_state >> 33) % n;
}

static void fill(unsigned kind, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		switch (kind) {
		case 0:
			in[i] = 0x5a;
			break;
		case 1:
			in[i] = (uint8_t)random_below(256);
			break;
		case 2:
			in[i] = (uint8_t)(random_below(8) & random_below(8));
			break;
		case 3:
			in[i] = (uint8_t)(i % 37 * 7);
			break;
		default:
			in[i] = (uint8_t)(i * i >> 8);
			break;
		}
	}
}

static void setup(void)
{
	ck_assert_int_eq(coder_state_new(&state), 0);
}

static void teardown(void)
{
	coder_state_free(state);
}

static void check_round_trip(const struct coder_ops *c, int effort, size_t n)
{
	size_t len = c->encode(state, effort, in, n, coded, sizeof(coded));

	if (!len)
		return; /* doesn't apply: the caller stores the plane raw */
	memset(out, 0xee, n);
	ck_assert_int_eq(c->decode(state, coded, len, out, n), 0);
	ck_assert(memcmp(in, out, n) == 0);
	/* Neither another length of the plane nor one of the input is acceptable; equal bytes
	   have any. */
	if (memcmp(in, in + 1, n - 1) != 0) {
		ck_assert_int_eq(c->decode(state, coded, len, out, n - 1), -EIO);
		if (n < MAX_LEN)
			ck_assert_int_eq(c->decode(state, coded, len, out, n + 1), -EIO);
	}
	ck_assert_int_eq(c->decode(state, coded, len - 1, out, n), -EIO);
	coded[len] = 0;
	ck_assert_int_eq(c->decode(state, coded, len + 1, out, n), -EIO);
}

START_TEST(test_round_trip)
{
	for (uint8_t id = 0; id < CODER_COUNT; id++) {
		for (unsigned e = 0; e < 4; e++) {
			int effort = id == CODER_DEFLATE && efforts[e] < 0 ? 3 : efforts[e];

			for (unsigned kind = 0; !coder_find(id)->codes && kind < N_KINDS; kind++) {
				for (size_t n = 1; n <= 600; n += 1 + n / 40) {
					fill(kind, n);
					check_round_trip(coder_find(id), effort, n);
				}
				fill(kind, MAX_LEN);
				check_round_trip(coder_find(id), effort, MAX_LEN);
				check_round_trip(coder_find(id), effort, 1 + random_below(MAX_LEN));
			}
		}
	}
}
END_TEST

START_TEST(test_encoders_keep_to_their_capacity)
{
	for (uint8_t id = 0; id < CODER_COUNT; id++) {
		for (size_t capacity = 1; !coder_find(id)->codes && capacity < 700;
			 capacity += 1 + capacity / 30) {
			fill(2, 600);

			uint8_t *exact = malloc(capacity); /* the sanitizer sees a byte too many */
			size_t len = coder_find(id)->encode(state, 6, in, 600, exact, capacity);

			ck_assert_uint_le(len, capacity);
			if (len)
				ck_assert_int_eq(coder_find(id)->decode(state, exact, len, out, 600), 0);
			free(exact);
		}
	}
}
END_TEST

START_TEST(test_constant_takes_equal_bytes_only)
{
	const struct coder_ops *c = coder_find(CODER_CONSTANT);

	fill(0, 100);
	ck_assert_uint_eq(c->encode(state, 0, in, 100, coded, 1), 1);
	for (unsigned i = 0; i < 100; i++) {
		in[i] ^= 1;
		ck_assert_uint_eq(c->encode(state, 0, in, 100, coded, 1), 0);
		in[i] ^= 1;
	}
}
END_TEST

/* The library reads more than RFC 8878 frames; a blob may hold nothing else. */
START_TEST(test_zstd_is_one_frame_of_the_rfc)
{
	const struct coder_ops *c = coder_find(CODER_ZSTD);
	static const uint8_t skippable[] = { 0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0 };
	static const uint8_t version_0_7[] = { 0x27, 0xb5, 0x2f, 0xfd, 0x20, 4, 0x40, 0, 4,
		'a', 'b', 'c', 'd', 0xc0, 0, 0 };
	size_t len;

	fill(2, 600);
	len = c->encode(state, 3, in, 600, coded, sizeof(coded));
	ck_assert_uint_gt(len, 0);
	memcpy(coded + len, skippable, sizeof(skippable));
	ck_assert_int_eq(c->decode(state, coded, len + sizeof(skippable), out, 600), -EIO);
	memmove(coded + sizeof(skippable), coded, len);
	memcpy(coded, skippable, sizeof(skippable));
	ck_assert_int_eq(c->decode(state, coded, len + sizeof(skippable), out, 600), -EIO);
	ck_assert_int_eq(c->decode(state, version_0_7, sizeof(version_0_7), out, 4), -EIO);
}
END_TEST

START_TEST(test_damage_never_writes_too_much)
{
	for (unsigned round = 0; round < 3000; round++) {
		static const uint8_t ids[] = { CODER_DEFLATE, CODER_ZSTD, CODER_ANS,
			CODER_ANS_WIDE };
		uint8_t id = ids[round % 4];
		size_t n = 1 + random_below(3000), len;

		fill(2 + round % 3, n);
		len = coder_find(id)->encode(state, 6, in, n, coded, sizeof(coded));
		ck_assert_uint_gt(len, 0);
		for (unsigned flips = 1 + random_below(4); flips--;)
			coded[random_below((uint32_t)len)] ^= (uint8_t)(1u << random_below(8));

		uint8_t *exact_in = malloc(len), *exact_out = malloc(n);

		memcpy(exact_in, coded, len);
		(void)coder_find(id)->decode(state, exact_in, len, exact_out, n);
		free(exact_in);
		free(exact_out);
	}
}
END_TEST

START_TEST(test_unknown_ids)
{
	for (unsigned id = 0; id < CODER_COUNT; id++) {
		const struct coder_ops *c = coder_find((uint8_t)id);

		ck_assert(c && c->codes == !c->encode && c->codes == !c->decode);
		ck_assert_str_eq(coder_name((uint8_t)id), c->name);
	}
	for (unsigned id = CODER_COUNT; id < 256; id++)
		ck_assert_ptr_null(coder_find((uint8_t)id));
	ck_assert_str_eq(coder_name(CODER_COUNT), "?");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("coder");
	TCase *tc = tcase_create("coder");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, test_round_trip);
	tcase_add_test(tc, test_encoders_keep_to_their_capacity);
	tcase_add_test(tc, test_constant_takes_equal_bytes_only);
	tcase_add_test(tc, test_zstd_is_one_frame_of_the_rfc);
	tcase_add_test(tc, test_damage_never_writes_too_much);
	tcase_add_test(tc, test_unknown_ids);
	suite_add_tcase(s, tc);

	SRunner *sr = srunner_create(s);

	srunner_run_all(sr, CK_ENV);

	int failed = srunner_ntests_failed(sr);

	srunner_free(sr);
	return failed != 0;
}
