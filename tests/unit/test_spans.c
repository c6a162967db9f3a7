/* SPDX-License-Identifier: MIT */
/* format_spans() against a definition that looks at one byte at a time. */
#include <check.h>
#include <stdlib.h>

#include "format/format.h"

/* True when `off` belongs to an element that lies wholly within the tensor and [lo,
   hi). */
static bool in_whole_element(const struct segment *l, uint64_t off, uint64_t lo,
	uint64_t hi)
{
	uint64_t data_end = l->offset + l->bytes;

	if (data_end < l->offset)
		data_end = UINT64_MAX;
	if (off < l->offset || off >= data_end)
		return false;

	uint64_t first = off - (off - l->offset) % l->elem_bytes;

	return first >= lo && first + l->elem_bytes <= hi &&
		first + l->elem_bytes <= data_end;
}

/* How many things are wrong with one span at `at`, of the piece [lo, hi). */
static unsigned span_faults(const struct segment *l, const struct span *s, uint64_t at,
	uint64_t lo, uint64_t hi)
{
	bool elements = s->dtype != DTYPE_BYTES || s->elem_bytes != 1;
	bool untyped = l->dtype == DTYPE_BYTES && l->elem_bytes == 1;
	unsigned faults = !s->len_bytes;

	if (elements)
		faults += s->len_bytes % s->elem_bytes || (at - l->offset) % l->elem_bytes ||
			s->elem_bytes != l->elem_bytes || s->dtype != l->dtype ||
			s->big_endian != l->big_endian;
	for (uint32_t k = 0; k < s->len_bytes && !untyped; k++)
		faults += elements != in_whole_element(l, at + k, lo, hi);
	return faults;
}

static void check_tiling(const struct segment *l, uint64_t off, uint32_t len)
{
	struct span spans[SPAN_MAX];
	const struct segment_cut cut = { (struct segment *)(uintptr_t)l, 1 };
	unsigned n = format_spans(&cut, off, len, spans), faults = n < 1 || n > SPAN_MAX;
	uint64_t at = off;

	for (unsigned i = 0; i < n; at += spans[i++].len_bytes)
		faults += span_faults(l, &spans[i], at, off, off + len);
	if (faults || at != off + len)
		ck_abort_msg("%u faults in %u bytes at %llu of %llu, ending at %llu", faults, len,
			(unsigned long long)off, (unsigned long long)l->bytes,
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
		struct segment l = { .dtype = (uint8_t)types[_i].dtype,
			.elem_bytes = types[_i].elem_bytes,
			.big_endian = types[_i].big,
			.offset = 37,
			.bytes = sizes[s] };

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
	struct segment l = {
		.dtype = DTYPE_F64, .elem_bytes = 8, .offset = 128, .bytes = UINT64_MAX
	};

	check_tiling(&l, (UINT64_C(1) << 40) + 3, 1000);
	check_tiling(&l, (UINT64_C(1) << 62) + 5, 1000);
}
END_TEST

START_TEST(header_elements_and_tail)
{
	struct segment l = {
		.dtype = DTYPE_F32, .elem_bytes = 4, .offset = 128, .bytes = 40
	};
	const struct segment_cut cut = { &l, 1 };
	struct span s[SPAN_MAX];

	ck_assert_uint_eq(format_spans(&cut, 0, 175, s), 3);
	ck_assert_uint_eq(s[0].len_bytes, 128);
	ck_assert_int_eq(s[0].dtype, DTYPE_BYTES);
	ck_assert_uint_eq(s[1].len_bytes, 40);
	ck_assert_int_eq(s[1].dtype, DTYPE_F32);
	ck_assert_uint_eq(s[2].len_bytes, 7);
	ck_assert_int_eq(s[2].dtype, DTYPE_BYTES);
}
END_TEST

/* Tensors of a container one behind the other, with gaps, far more than there may be
   spans. */
static size_t many_segments(struct segment *out, size_t n, unsigned seed)
{
	uint64_t at = 5;

	srand(seed);
	for (size_t i = 0; i < n; i++) {
		unsigned t = (unsigned)rand() % (sizeof(types) / sizeof(types[0]));
		uint64_t bytes = types[t].elem_bytes * (uint64_t)(rand() % 200);

		at += rand() % 3 ? 0 : (uint64_t)(rand() % 130);
		out[i] = (struct segment){ .offset = at,
			.bytes = bytes,
			.elem_bytes = types[t].elem_bytes,
			.row_len = rand() % 2
				? segments_row_len(7, types[t].dtype, types[t].elem_bytes)
				: 0,
			.dtype = (uint8_t)types[t].dtype,
			.big_endian = types[t].big };
		at += bytes;
	}
	return at;
}

/* Elements of a span that is large enough to have one of its own are where its tensor has
   them. */
static unsigned joined_faults(const struct segment_cut *l, const struct span *s,
	uint64_t at)
{
	unsigned faults = !s->len_bytes || s->len_bytes % s->elem_bytes ||
		(s->row_len && s->row_skip >= s->row_len);
	uint64_t right = 0;

	if (s->dtype == DTYPE_BYTES)
		return faults;
	for (uint64_t a = at, end = at + s->len_bytes; a < end;) {
		struct span exact;

		format_next_span(l, a, end, &exact);
		if (exact.dtype == s->dtype && exact.elem_bytes == s->elem_bytes &&
			(a - at) % s->elem_bytes == 0)
			right += exact.len_bytes;
		a += exact.len_bytes;
	}
	return faults + (right == 0);
}

START_TEST(many_tensors_in_a_chunk)
{
	enum { N = 300 };
	struct segment segments[N];
	size_t end = many_segments(segments, N, (unsigned)_i);
	const struct segment_cut l = { segments, N };

	for (uint64_t off = 0; off < end; off += 1 + (uint64_t)rand() % 999) {
		struct span s[SPAN_MAX];
		uint32_t len = 1 + (uint32_t)rand() % (uint32_t)(end + 500);
		unsigned n = format_spans(&l, off, len, s), faults = n < 1 || n > SPAN_MAX;
		uint64_t at = off;

		for (unsigned i = 0; i < n; at += s[i++].len_bytes)
			faults += joined_faults(&l, &s[i], at);
		ck_assert_uint_eq(faults, 0);
		ck_assert_uint_eq(at, off + len);
	}
}
END_TEST

/* A row's start stays where it is when a small span is joined in front. */
START_TEST(rows_survive_joining)
{
	struct segment segments[] = {
		{ .offset = 0, .bytes = 40, .elem_bytes = 4, .dtype = DTYPE_F32 },
		{ .offset = 40,
			.bytes = 40000,
			.elem_bytes = 4,
			.dtype = DTYPE_F32,
			.row_len = 64 },
	};
	const struct segment_cut l = { segments, 2 };
	struct span s[SPAN_MAX];

	ck_assert_uint_eq(format_spans(&l, 0, 40040, s), 1);
	ck_assert_uint_eq(s[0].row_len, 64);
	ck_assert_uint_eq(s[0].row_skip, 54);
	ck_assert_uint_eq(format_spans(&l, 48, 4000, s), 1);
	ck_assert_uint_eq(s[0].row_skip, 2);
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
	tcase_add_loop_test(tc, many_tensors_in_a_chunk, 0, 20);
	tcase_add_test(tc, rows_survive_joining);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
