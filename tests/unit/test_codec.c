/* SPDX-License-Identifier: MIT */
/* Record bodies: round trip of every element type, bounds, and hostile bodies. */
#include <check.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/le.h"
#include "codec/codec.h"
#include "transform/transform_table.h"

enum { CHUNK = 256 << 10, N_KINDS = 6 };

static struct codec *codec;
static uint8_t raw[CHUNK], back[CHUNK], *body;
static struct codec_result result;
static uint64_t random_state = 0xa4093822299f31d0u;

static uint32_t random_below(uint32_t n)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(random_state >> 33) % n;
}

/* n bytes of `raw` to `body`. */
static int encode(uint32_t n, const struct span *spans, unsigned n_spans)
{
	const struct codec_context with = {
		.codec = codec, .spans = spans, .n_spans = n_spans
	};

	return codec_encode(&with, raw, n, body, &result);
}

static int decode(const uint8_t *from, uint32_t len, uint8_t *to, uint32_t n,
	struct alcm_diag *diag)
{
	const struct codec_context with = { .codec = codec, .diag = diag };

	return codec_decode(&with, from, len, to, n);
}

static void setup(void)
{
	ck_assert_int_eq(codec_new(CHUNK, &codec), 0);
	body = malloc(codec_bound(CHUNK));
	ck_assert_ptr_nonnull(body);
}

static void teardown(void)
{
	codec_free(codec);
	free(body);
}

/* Bit patterns of float32: ordinary values, all equal, denormals, NaN payloads, zeros,
   any. */
static void fill(unsigned kind, uint32_t n)
{
	for (uint32_t i = 0; i < n; i += 4) {
		uint32_t v = random_below(1u << 31) << 1 ^ random_below(1u << 31);
		uint8_t four[4];

		switch (kind) {
		case 0:
			v = (v & 0x807fffffu) | (120 + (v >> 24 & 3) + (v >> 28 & 3)) << 23;
			break;
		case 1:
			v = 0x3f9d70a4u;
			break;
		case 2:
			v &= 0x8000ffffu;
			break;
		case 3:
			v |= 0x7f800001u;
			break;
		case 4:
			v = v % 5 ? 0 : v;
			break;
		default:
			break;
		}
		le_put32(four, v);
		memcpy(raw + i, four, n - i < 4 ? n - i : 4);
	}
}

static struct span span_of(enum dtype_id dtype, uint32_t elem_bytes, uint32_t n, bool big)
{
	return (struct span){
		.len_bytes = n, .elem_bytes = elem_bytes, .dtype = dtype, .big_endian = big
	};
}

static void check_planes(uint32_t n)
{
	struct codec_result read;
	uint64_t raw_sum = 0;

	ck_assert_int_eq(codec_planes(body, result.body_len, n, &read, NULL), 0);
	ck_assert_uint_eq(read.body_len, result.body_len);
	ck_assert_uint_eq(read.n_planes, result.n_planes);
	for (unsigned i = 0; i < read.n_planes; i++) {
		const struct plane_use *a = &read.planes[i], *b = &result.planes[i];

		ck_assert(a->transform == b->transform && a->plane == b->plane &&
			a->coder == b->coder && a->value_bits == b->value_bits &&
			a->n_values == b->n_values && a->raw_bytes == b->raw_bytes &&
			a->stored_bytes == b->stored_bytes);
		raw_sum += a->raw_bytes;
	}
	if (read.n_planes < CODEC_MAX_PLANES)
		ck_assert_uint_eq(raw_sum, n);
}

static void check_round_trip(uint32_t n, const struct span *spans, unsigned n_spans)
{
	struct alcm_diag diag;

	ck_assert_int_eq(encode(n, spans, n_spans), 0);
	ck_assert_uint_le(result.body_len, n + 64);
	ck_assert_uint_le(result.body_len, codec_bound(n));
	memset(back, 0xee, n);
	ck_assert_int_eq(decode(body, result.body_len, back, n, &diag), 0);
	ck_assert(memcmp(raw, back, n) == 0);
	check_planes(n);
}

START_TEST(test_every_type_and_length)
{
	for (enum dtype_id id = 0; id < DTYPE_COUNT; id++) {
		uint32_t width = dtype_get(id)->width_bytes;

		for (unsigned kind = 0; kind < N_KINDS; kind++) {
			for (uint32_t n = width; n <= 600; n += width * (1 + kind % 3)) {
				fill(kind, n);

				struct span s = span_of(id, width, n, kind % 2);

				check_round_trip(n, &s, 1);
			}

			uint32_t lengths[] = { CHUNK, (1 + random_below(70000 / width)) * width };

			for (unsigned i = 0; i < 2; i++) {
				struct span s = span_of(id, width, lengths[i], kind % 2 == 0);

				fill(kind, lengths[i]);
				check_round_trip(lengths[i], &s, 1);
			}
		}
	}
}
END_TEST

START_TEST(test_opaque_and_complex_pitches)
{
	for (uint32_t pitch = 1; pitch <= 70; pitch++) {
		uint32_t n = pitch * (1 + random_below(500));
		struct span s = span_of(DTYPE_BYTES, pitch, n, pitch % 2);

		fill(pitch % N_KINDS, n);
		check_round_trip(n, &s, 1);
	}

	struct span c64 = span_of(DTYPE_F32, 8, 8000, true),
				c128 = span_of(DTYPE_F64, 16, 8000, false);

	fill(0, 8000);
	check_round_trip(8000, &c64, 1);
	check_round_trip(8000, &c128, 1);
}
END_TEST

START_TEST(test_most_spans_and_planes)
{
	struct span spans[SPAN_MAX];

	for (uint32_t elems = 1; elems < 3000; elems = elems * 3 + 1) {
		for (unsigned i = 0; i < SPAN_MAX; i++)
			spans[i] = span_of(DTYPE_BYTES, 32, 32 * elems, false);
		for (unsigned kind = 0; kind < N_KINDS && SPAN_MAX * 32 * elems <= CHUNK;
			 kind++) {
			fill(kind, SPAN_MAX * 32 * elems);
			check_round_trip(SPAN_MAX * 32 * elems, spans, SPAN_MAX);
		}
	}
}
END_TEST

START_TEST(test_gains_where_there_is_something_to_gain)
{
	struct span s = span_of(DTYPE_F32, 4, CHUNK, false);

	fill(0, CHUNK); /* 23 random bits, a random sign, about 3 bits of exponent */
	check_round_trip(CHUNK, &s, 1);
	ck_assert_uint_lt(result.body_len, CHUNK / 100 * 88);
	fill(1, CHUNK);
	check_round_trip(CHUNK, &s, 1);
	ck_assert_uint_lt(result.body_len, 100);
	fill(5, CHUNK);
	check_round_trip(CHUNK, &s, 1);
	ck_assert_uint_le(result.body_len, CHUNK + 64);
}
END_TEST

/* A wave's values differ by less than planes of them can say; with either byte order. */
START_TEST(test_smooth_floats_are_differences)
{
	for (unsigned big = 0; big < 2; big++) {
		struct span s = span_of(DTYPE_F32, 4, CHUNK, big);

		for (uint32_t i = 0; i < CHUNK / 4; i++) {
			float v = (float)sin(i / 100.0);
			uint32_t bits;

			memcpy(&bits, &v, sizeof(bits));
			le_put32(raw + 4 * i, big ? __builtin_bswap32(bits) : bits);
		}
		check_round_trip(CHUNK, &s, 1);
		ck_assert_int_eq(result.planes[0].transform, TRANSFORM_DELTAS);
		ck_assert_uint_lt(result.body_len, CHUNK / 5 * 2);
	}
}
END_TEST

/* Scales of blocks: rows whose values are alike are coded by a table of their own. */
START_TEST(test_float8_has_rows)
{
	struct span s = span_of(DTYPE_F8E8M0, 1, CHUNK, false);
	uint32_t without;

	for (uint32_t i = 0; i < CHUNK; i++)
		raw[i] = (uint8_t)(120 + i / 256 % 3 * 3 + random_below(3));
	check_round_trip(CHUNK, &s, 1);
	without = result.body_len;
	s.row_len = 256;
	check_round_trip(CHUNK, &s, 1);
	ck_assert_uint_lt(result.body_len, without / 10 * 9);
}
END_TEST

START_TEST(test_raw_body)
{
	fill(5, 1000);
	codec_encode_raw(raw, 1000, body, &result);
	ck_assert_uint_le(result.body_len, codec_bound(1000));
	ck_assert_int_eq(decode(body, result.body_len, back, 1000, NULL), 0);
	ck_assert_mem_eq(raw, back, 1000);
	check_planes(1000);
}
END_TEST

/* codec_planes() gets a buffer that holds the table and no more. */
START_TEST(test_planes_reads_the_table_only)
{
	struct span s = span_of(DTYPE_F32, 4, 40000, false);

	fill(0, 40000);
	check_round_trip(40000, &s, 1);

	size_t table = 1 + 8 + 4 * 5;
	uint8_t *prefix = malloc(table); /* the sanitizer sees a byte too many */
	struct codec_result read;

	memcpy(prefix, body, table);
	ck_assert_int_eq(codec_planes(prefix, result.body_len, 40000, &read, NULL), 0);
	ck_assert_uint_eq(read.n_planes, 4);
	free(prefix);
}
END_TEST

static int decode_exact(uint32_t len, uint32_t n, struct alcm_diag *diag)
{
	uint8_t *in = malloc(len ? len : 1), *out = malloc(n ? n : 1);
	struct codec_result read;
	int err;

	memcpy(in, body, len);
	memset(diag, 0, sizeof(*diag));
	err = decode(in, len, out, n, diag);
	(void)codec_planes(in, len, n, &read, diag);
	free(in);
	free(out);
	return err;
}

START_TEST(test_cut_bodies_are_corrupt)
{
	struct span spans[2] = { span_of(DTYPE_BYTES, 1, 128, false),
		span_of(DTYPE_F32, 4, 4000, false) };
	struct alcm_diag diag;

	fill(0, 4128);
	check_round_trip(4128, spans, 2);
	for (uint32_t len = 0; len < result.body_len; len++) {
		ck_assert_int_eq(decode_exact(len, 4128, &diag), -EIO);
		ck_assert(diag.cause[0]);
	}
	body[result.body_len] = 0;
	ck_assert_int_eq(decode_exact(result.body_len + 1, 4128, &diag), -EIO);
	ck_assert_int_eq(decode_exact(result.body_len, 4127, &diag), -EIO);
	ck_assert_int_eq(decode_exact(result.body_len, 4129, &diag), -EIO);
	ck_assert_int_eq(decode_exact(result.body_len, 4128, &diag), 0);
}
END_TEST

START_TEST(test_damage_does_no_harm)
{
	struct alcm_diag diag;

	for (unsigned round = 0; round < 4000; round++) {
		enum dtype_id id = random_below(DTYPE_COUNT);
		uint32_t width = dtype_get(id)->width_bytes, n = width * (1 + random_below(300));
		struct span s = span_of(id, width, n, round % 2);

		fill(random_below(N_KINDS), n);
		ck_assert_int_eq(encode(n, &s, 1), 0);

		uint32_t reach = round % 3 ? result.body_len : 29;

		for (unsigned flips = 1 + random_below(3); flips--;)
			body[random_below(reach < result.body_len ? reach : result.body_len)] ^=
				(uint8_t)(1u << random_below(8));
		(void)decode_exact(result.body_len, n, &diag);
	}
}
END_TEST

START_TEST(test_newer_ids_say_so)
{
	struct alcm_diag diag;

	fill(5, 100);
	codec_encode_raw(raw, 100, body, &result);
	body[1 + 8] = 17;
	ck_assert_int_eq(decode_exact(result.body_len, 100, &diag), -EIO);
	ck_assert_str_eq(diag.cause, "needs a newer alcm (coder 17)");
	body[1 + 8] = 0;
	body[1 + 4] = 9;
	ck_assert_int_eq(decode_exact(result.body_len, 100, &diag), -EIO);
	ck_assert_str_eq(diag.cause, "needs a newer alcm (transform 9)");
}
END_TEST

START_TEST(test_baseline_is_deflate)
{
	fill(1, 10000);
	ck_assert_int_gt(codec_baseline(raw, 10000), 0);
	ck_assert_int_lt(codec_baseline(raw, 10000), 200);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("codec");
	TCase *tc = tcase_create("codec");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 280);
	tcase_add_test(tc, test_every_type_and_length);
	tcase_add_test(tc, test_opaque_and_complex_pitches);
	tcase_add_test(tc, test_most_spans_and_planes);
	tcase_add_test(tc, test_gains_where_there_is_something_to_gain);
	tcase_add_test(tc, test_smooth_floats_are_differences);
	tcase_add_test(tc, test_float8_has_rows);
	tcase_add_test(tc, test_raw_body);
	tcase_add_test(tc, test_planes_reads_the_table_only);
	tcase_add_test(tc, test_cut_bodies_are_corrupt);
	tcase_add_test(tc, test_damage_does_no_harm);
	tcase_add_test(tc, test_newer_ids_say_so);
	tcase_add_test(tc, test_baseline_is_deflate);
	suite_add_tcase(s, tc);

	SRunner *sr = srunner_create(s);

	srunner_run_all(sr, CK_ENV);

	int failed = srunner_ntests_failed(sr);

	srunner_free(sr);
	return failed != 0;
}
