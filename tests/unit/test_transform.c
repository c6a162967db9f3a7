/* SPDX-License-Identifier: MIT */
/* Byte planes: against a definition written byte by byte, and back. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "transform/bits.h"
#include "transform/deltas.h"
#include "transform/planes.h"
#include "transform/sparse.h"
#include "transform/transform_table.h"

enum { MAX_ELEMS = 70000, GUARD = 64 };

static uint64_t random_state = 0x243f6a8885a308d3u;

static uint8_t random_byte(void)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (uint8_t)(random_state >> 56);
}

/* Plane p of element e, as docs/format.md says it. */
static uint8_t defined_byte(const uint8_t *elem, unsigned width, unsigned p, bool rotate,
	bool big)
{
	uint8_t lsb_first[32];

	for (unsigned i = 0; i < width; i++)
		lsb_first[i] = elem[big ? width - 1 - i : i];
	if (!rotate)
		return lsb_first[width - 1 - p];

	unsigned at = width - 1 - p, below = at ? lsb_first[at - 1] : lsb_first[width - 1];

	return (uint8_t)(lsb_first[at] << 1 | below >> 7);
}

static void check_one(size_t n, unsigned width, bool rotate, bool big)
{
	size_t len = n * width;
	uint8_t *in = malloc(len + 1), *split = malloc(len + GUARD),
			*out = malloc(len + GUARD);
	const uint8_t *planes[32];

	ck_assert(in && split && out);
	for (size_t i = 0; i < len; i++)
		in[i] = random_byte();
	memset(split + len, 0xa5, GUARD);
	memset(out + len, 0xa5, GUARD);
	planes_split(in, split, n, width, rotate, big);

	size_t wrong = 0;

	for (unsigned p = 0; p < width; p++) {
		planes[p] = split + p * n;
		for (size_t e = 0; e < n; e++)
			wrong += planes[p][e] != defined_byte(in + e * width, width, p, rotate, big);
	}
	ck_assert_uint_eq(wrong, 0);
	planes_merge(planes, out, n, width, rotate, big);
	ck_assert(memcmp(in, out, len) == 0);
	for (unsigned i = 0; i < GUARD; i++)
		wrong += split[len + i] != 0xa5 || out[len + i] != 0xa5;
	ck_assert_uint_eq(wrong, 0);
	free(in);
	free(split);
	free(out);
}

static void check_lengths(unsigned width, bool rotate)
{
	for (size_t n = 1; n <= 80; n++) {
		check_one(n, width, rotate, false);
		check_one(n, width, rotate, true);
	}
	check_one(MAX_ELEMS / width, width, rotate, false);
	check_one(MAX_ELEMS / width, width, rotate, true);
}

START_TEST(test_split_is_as_defined_and_merge_undoes_it)
{
	for (unsigned width = 1; width <= 40; width++) {
		if (transform_takes(&transform_bytes, width))
			check_lengths(width, false);
		if (transform_takes(&transform_float, width))
			check_lengths(width, true);
	}
}
END_TEST

/* Zeros among random bytes, of which a transform of bits takes the lowest. */
static void fill_part(uint8_t *raw, const struct transform_part *part, uint8_t mask)
{
	for (uint32_t i = 0; i < part->n_bytes; i++)
		raw[i] = i / (part->width ? part->width : 1) % 3 ? random_byte() & mask : 0;
}

/* Through a row's functions and back, in memory that is no larger than the header
   says. */
static void check_row(const struct transform_ops *t, const struct transform_part *part)
{
	size_t n = part->n_bytes, capacity = n + TRANSFORM_ROOM(n);
	uint8_t *raw = malloc(n), *planes_capacity = malloc(capacity), *scratch = malloc(n);
	uint8_t *out = malloc(n);
	struct transform_planes planes;

	ck_assert(raw && planes_capacity && scratch && out);
	fill_part(raw, part, t == &transform_bits ? 1 : 0xff);
	memset(out, 0xa5, n);
	t->split(part, raw, planes_capacity, scratch, &planes);
	for (unsigned p = 0; p < transform_n_planes(t, part->width); p++) {
		ck_assert_uint_eq(planes.len[p], t->plane_len(part, p, &planes));
		ck_assert_ptr_nonnull(t->plane_name(p).before);
	}
	if (t->merge)
		t->merge(part, &planes, scratch, out);
	else
		memcpy(out, planes.at[0], n);
	ck_assert(memcmp(raw, out, n) == 0);
	free(raw);
	free(planes_capacity);
	free(scratch);
	free(out);
}

START_TEST(test_rows_come_back)
{
	const struct transform_ops *t = transform_find((uint8_t)_i);

	for (unsigned width = 0; t->split && width <= 32; width++) {
		unsigned bytes = width ? width : 1;

		if (!transform_takes(t, width))
			continue;
		for (uint32_t n = 1; n <= 1000; n += 1 + n / 4) {
			check_row(t, &(struct transform_part){ n * bytes, width, false });
			if (width > 1)
				check_row(t, &(struct transform_part){ n * bytes, width, true });
		}
	}
	ck_assert(t->split || t->codes || t->refers);
}
END_TEST

START_TEST(test_table_is_what_the_format_says)
{
	for (unsigned w = 0; w <= 255; w++) {
		ck_assert_int_eq(transform_takes(transform_find(0), w), w == 0);
		ck_assert_int_eq(transform_takes(transform_find(1), w), w >= 2 && w <= 32);
		ck_assert_int_eq(transform_takes(transform_find(2), w),
			w == 2 || w == 4 || w == 8);
		ck_assert_int_eq(transform_takes(transform_find(3), w),
			w == 2 || w == 4 || w == 8);
	}
	ck_assert_uint_eq(transform_n_planes(transform_find(0), 0), 1);
	ck_assert_uint_eq(transform_n_planes(transform_find(1), 12), 12);
	ck_assert_uint_eq(transform_n_planes(transform_find(3), 8), 2);
	ck_assert_uint_eq(transform_n_planes(transform_find(4), 4), 6);
	ck_assert(transform_takes(transform_find(5), 1) &&
		!transform_takes(transform_find(5), 2));
	ck_assert(transform_takes(transform_find(6), 1) &&
		!transform_takes(transform_find(6), 2));
	ck_assert_uint_eq(transform_n_planes(transform_find(6), 1), 8);
	ck_assert(transform_takes(transform_find(7), 8) &&
		!transform_takes(transform_find(7), 3));
	ck_assert_ptr_null(transform_find(9));
	ck_assert_ptr_null(transform_find(255));
}
END_TEST

START_TEST(test_plane_0_of_float32_is_the_exponent)
{
	float v[3] = { 1.0f, -1.0f, 0.25f };
	uint8_t bytes[12], planes[12];

	for (unsigned i = 0; i < 3; i++) {
		uint32_t bits;

		memcpy(&bits, &v[i], 4);
		for (unsigned b = 0; b < 4; b++)
			bytes[4 * i + b] = (uint8_t)(bits >> (8 * b));
	}
	planes_split(bytes, planes, 3, 4, true, false);
	ck_assert_mem_eq(planes, "\x7f\x7f\x7d\0\0\0\0\0\0\0\1\0", 12);
}
END_TEST

/* Zeros of both signs, NaN, Inf and subnormals among values, in every width and byte
   order. */
START_TEST(test_sparse_comes_back)
{
	static const unsigned widths[] = { 2, 4, 8 };
	unsigned width = widths[_i / 2];
	bool big = _i % 2;
	uint8_t in[300 * 8], out[300 * 8], map[64], signs[64], values[300 * 8];

	for (unsigned share = 0; share <= 4; share++) {
		for (size_t n = 1; n <= 300; n += 1 + n / 3) {
			size_t zeros = 0;

			for (size_t i = 0; i < n; i++) {
				uint8_t *e = in + i * width;
				unsigned kind = (unsigned)(i * 2654435761u >> 7) % 4;

				memset(e, kind < share ? 0 : (int)(i * 37 + 1), width);
				/* With zeros of both signs, and with positive ones only. */
				if (kind < share && i % 3 == 0 && n % 2)
					e[big ? 0 : width - 1] = 0x80;
				zeros += kind < share;
			}
			/* A byte of 0x80 alone is −0 only in the sign's place. */
			ck_assert_uint_le(zeros, sparse_count_zeros(in, n, width, big));
			zeros = sparse_count_zeros(in, n, width, big);
			sparse_split(in, n, width, big, map, signs, values);
			ck_assert_uint_eq(sparse_count_map(map, n), n - zeros);
			for (int level = CPU_PORTABLE; level <= CPU_AVX512; level++) {
				cpu_limit((enum cpu_level)level);
				memset(out, 0xee, n * width);
				sparse_merge(out, n, width, big, map, signs, values);
				ck_assert_mem_eq(in, out, n * width);
			}
			cpu_limit(CPU_AVX512);
		}
	}
}
END_TEST

START_TEST(test_deltas_come_back)
{
	for (unsigned width = 2; width <= 8; width *= 2) {
		for (unsigned big = 0; big < 2; big++) {
			uint8_t in[8 * 100], deltas[8 * 100];

			for (size_t i = 0; i < sizeof(in); i++)
				in[i] = (uint8_t)(i * i * 2654435761u >> 13);
			deltas_make(in, deltas, 100, width, big);
			deltas_undo(deltas, 100, width, big);
			ck_assert_mem_eq(in, deltas, 100 * width);
		}
	}
}
END_TEST

START_TEST(test_deltas_of_rising_integers_are_small)
{
	const uint16_t in[] = { 5, 6, 8, 8, 7, 0 };
	const uint8_t want[] = { 10, 0, 2, 0, 4, 0, 0, 0, 1, 0, 13, 0 };
	uint8_t out[sizeof(want)];

	deltas_make((const uint8_t *)in, out, 6, 2, false);
	ck_assert_mem_eq(out, want, sizeof(want));
}
END_TEST

START_TEST(test_bit_planes_come_back)
{
	for (size_t n = 1; n < 300; n++) {
		const uint8_t *planes[8];
		uint8_t in[300], *exact = malloc(8 * bits_bytes(n)), *back = malloc(n);

		for (size_t i = 0; i < n; i++)
			in[i] = (uint8_t)(i * 2654435761u >> 13);
		bits_split(in, n, exact);
		for (unsigned p = 0; p < 8; p++) {
			planes[p] = exact + p * bits_bytes(n);
			for (size_t i = 0; i < n; i++)
				ck_assert_uint_eq(planes[p][i / 8] >> i % 8 & 1, in[i] >> (7 - p) & 1);
		}
		bits_merge(planes, n, back);
		ck_assert_mem_eq(in, back, n);
		free(exact);
		free(back);
	}
}
END_TEST

START_TEST(test_bits_come_back)
{
	uint8_t in[300], out[300], packed[38];

	for (size_t n = 1; n <= sizeof(in); n++) {
		for (size_t i = 0; i < n; i++)
			in[i] = (uint8_t)(i * 2654435761u >> 9) & 1;
		ck_assert(bits_only(in, n));
		bits_pack(in, n, packed);
		for (size_t i = 0; i < n; i++)
			ck_assert_uint_eq(packed[i / 8] >> i % 8 & 1, in[i]);
		memset(out, 7, sizeof(out));
		bits_unpack(packed, n, out);
		ck_assert_mem_eq(in, out, n);
		in[n - 1] = 2;
		ck_assert(!bits_only(in, n));
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("transform");
	TCase *tc = tcase_create("planes");

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, test_split_is_as_defined_and_merge_undoes_it);
	tcase_add_loop_test(tc, test_rows_come_back, 0, TRANSFORM_DELTAS + 1);
	tcase_add_test(tc, test_table_is_what_the_format_says);
	tcase_add_loop_test(tc, test_sparse_comes_back, 0, 6);
	tcase_add_test(tc, test_bits_come_back);
	tcase_add_test(tc, test_bit_planes_come_back);
	tcase_add_test(tc, test_deltas_come_back);
	tcase_add_test(tc, test_deltas_of_rising_integers_are_small);
	tcase_add_test(tc, test_plane_0_of_float32_is_the_exponent);
	suite_add_tcase(s, tc);

	SRunner *sr = srunner_create(s);

	srunner_run_all(sr, CK_ENV);

	int failed = srunner_ntests_failed(sr);

	srunner_free(sr);
	return failed != 0;
}
