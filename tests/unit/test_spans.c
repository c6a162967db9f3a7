/* SPDX-License-Identifier: MIT */
/* format_spans() against a definition that looks at one byte at a time. */
#include <check.h>
#include <stdlib.h>

#include "format/format.h"

/* True when `off` belongs to an element that lies wholly within the tensor and [lo, hi). */
static bool in_whole_element(const struct layout *l, uint64_t off, uint64_t lo, uint64_t hi)
{
	uint64_t data_end = l->data_offset + l->data_bytes;

	if (data_end < l->data_offset)
		data_end = UINT64_MAX;
	if (off < l->data_offset || off >= data_end)
		return false;

	uint64_t first = off - (off - l->data_offset) % l->elem_bytes;

	return first >= lo && first + l->elem_bytes <= hi && first + l->elem_bytes <= data_end;
}

/* How many things are wrong with one span at `at`, of the piece [lo, hi). */
static unsigned span_faults(const struct layout *l, const struct span *s, uint64_t at,
	uint64_t lo, uint64_t hi)
{
	bool elements = s->dtype != DTYPE_BYTES || s->elem_bytes != 1;
	bool untyped = l->dtype == DTYPE_BYTES && l->elem_bytes == 1;
	unsigned faults = !s->len_bytes;

	if (elements)
		faults += s->len_bytes % s->elem_bytes || (at - l->data_offset) % l->elem_bytes ||
			s->elem_bytes != l->elem_bytes || s->dtype != l->dtype ||
			s->big_endian != l->big_endian;
	for (uint32_t k = 0; k < s->len_bytes && !untyped; k++)
		faults += elements != in_whole_element(l, at + k, lo, hi);
	return faults;
}

static void check_tiling(const struct layout *l, uint64_t off, uint32_t len)
{
	struct span spans[SPAN_MAX];
	unsigned n = format_spans(l, off, len, spans), faults = n < 1 || n > SPAN_MAX;
	uint64_t at = off;

	for (unsigned i = 0; i < n; at += spans[i++].len_bytes)
		faults += span_faults(l, &spans[i], at, off, off + len);
	if (faults || at != off + len)
		ck_abort_msg("%u faults in %u bytes at %llu of %llu, ending at %llu", faults, len,
			(unsigned long long)off, (unsigned long long)l->data_bytes,
			(unsigned long long)at);
}

static const struct {
	enum dtype_id dtype;
	uint32_t elem_bytes;
	bool big;
} types[] = {
	{ DTYPE_U8, 1, false },
	{ DTYPE_BYTES, 1, false },
	{ DTYPE_BF16, 2, false },
	{ DTYPE_F32, 4, true },
	{ DTYPE_F64, 16, false }, /* complex128 */
	{ DTYPE_BYTES, 7, false },
	{ DTYPE_BYTES, 300, false },
};

START_TEST(tiles_every_cut)
{
	static const uint64_t sizes[] = { 0, 1, 5, 16, 77, 600, UINT64_MAX };

	for (unsigned s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		struct layout l = { .format = "npy",
			.dtype = types[_i].dtype,
			.elem_bytes = types[_i].elem_bytes,
			.big_endian = types[_i].big,
			.data_offset = 37,
			.data_bytes = sizes[s] };

		for (uint64_t off = 0; off < 100; off++) {
			for (uint32_t len = 1; len < 90; len++)
				check_tiling(&l, off, len);
		}
		check_tiling(&l, 3, 2000);
		check_tiling(&l, 700, 1000);
	}
}
END_TEST

START_TEST(far_offsets)
{
	struct layout l = { .format = "npy",
		.dtype = DTYPE_F64,
		.elem_bytes = 8,
		.data_offset = 128,
		.data_bytes = UINT64_MAX };

	check_tiling(&l, (UINT64_C(1) << 40) + 3, 1000);
	check_tiling(&l, (UINT64_C(1) << 62) + 5, 1000);
}
END_TEST

START_TEST(header_elements_and_tail)
{
	struct layout l = { .format = "npy",
		.dtype = DTYPE_F32,
		.elem_bytes = 4,
		.data_offset = 128,
		.data_bytes = 40 };
	struct span s[SPAN_MAX];

	ck_assert_uint_eq(format_spans(&l, 0, 175, s), 3);
	ck_assert_uint_eq(s[0].len_bytes, 128);
	ck_assert_int_eq(s[0].dtype, DTYPE_BYTES);
	ck_assert_uint_eq(s[1].len_bytes, 40);
	ck_assert_int_eq(s[1].dtype, DTYPE_F32);
	ck_assert_uint_eq(s[2].len_bytes, 7);
	ck_assert_int_eq(s[2].dtype, DTYPE_BYTES);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("spans");
	TCase *tc = tcase_create("all");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, tiles_every_cut, 0, sizeof(types) / sizeof(types[0]));
	tcase_add_test(tc, far_offsets);
	tcase_add_test(tc, header_elements_and_tail);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
