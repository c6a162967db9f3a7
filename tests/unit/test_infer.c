/* SPDX-License-Identifier: MIT */
/* Inference: plain data of each type at each phase, spans that tile, little input, whole
   files. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "kinds.h"
#include "predict/infer.h"

enum { ELEMENTS = 8192, MOST = 8 * ELEMENTS + 8 };

static uint8_t bytes[MOST];

/* Numbers as weights are, and as small ids are. */
static double plain_number(struct mt19937 *mt, const struct dtype *type)
{
	if (type->class == DTYPE_FLOAT)
		return 0.02 * kinds_normal(mt);
	return type->width_bytes == 1 ? mt19937_bits(mt) % 50 : mt19937_bits(mt) % 3000;
}

static void check_phases(enum dtype_id dtype, bool big_endian)
{
	const struct dtype *type = dtype_get(dtype);
	const struct kind kind = { .dtype = dtype, .big_endian = big_endian };
	uint32_t width = type->width_bytes;
	struct mt19937 mt;

	mt19937_seed(&mt, dtype);
	for (uint32_t i = 0; i < ELEMENTS; i++)
		kinds_store(&kind, plain_number(&mt, type), bytes + i * width);
	for (uint32_t skip = 0; skip < 9; skip++) {
		struct inference in;

		infer_chunk(bytes + skip, ELEMENTS * width - skip, &in);
		ck_assert_str_eq(infer_name(&in), type->name);
		ck_assert_uint_eq(in.big_endian, big_endian);
		ck_assert_uint_eq(in.phase, (width - skip % width) % width);
		ck_assert(in.confidence > 0.2f && in.confidence <= 1);
		ck_assert(infer_is_numeric(&in));
	}
}

START_TEST(every_type_at_every_phase)
{
	static const enum dtype_id dtypes[] = { DTYPE_F16, DTYPE_BF16, DTYPE_F32, DTYPE_F64,
		DTYPE_I16, DTYPE_I32, DTYPE_I64, DTYPE_U8 };

	for (unsigned i = 0; i < sizeof(dtypes) / sizeof(dtypes[0]); i++)
		check_phases(dtypes[i], false);
}
END_TEST

static enum infer_kind kind_of(uint32_t n)
{
	struct inference in;

	infer_chunk(bytes, n, &in);
	ck_assert(in.phase < dtype_get(in.dtype)->width_bytes);
	ck_assert(in.confidence >= 0 && in.confidence <= 1);
	return in.kind;
}

START_TEST(what_is_no_number)
{
	struct mt19937 mt;

	mt19937_seed(&mt, 1);
	for (unsigned k = 0; k < n_kinds; k++) {
		if (kinds[k].kind != INFER_TEXT && kinds[k].kind != INFER_NOISE)
			continue;
		for (unsigned i = 0; i < 8; i++) {
			kinds_make(&mt, &kinds[k], bytes, MOST);
			ck_assert_int_eq(kind_of(MOST), kinds[k].kind);
		}
	}
}
END_TEST

START_TEST(little_and_monotonous_input)
{
	for (unsigned v = 0; v < 256; v += 51) {
		memset(bytes, (int)v, sizeof(bytes));
		for (uint32_t n = 0; n < 600; n++)
			ck_assert_int_eq(kind_of(n), INFER_UNKNOWN);
		ck_assert_int_eq(kind_of(MOST), INFER_UNKNOWN);
	}
	for (uint32_t i = 0; i < MOST; i++)
		bytes[i] = (uint8_t)(i * 2654435761u >> 24);
	for (uint32_t n = 0; n < 600; n++)
		(void)kind_of(n);
}
END_TEST

/* Whatever the inference says, spans tile, elements are whole and begin in phase. */
static void check_tiling(const struct inference *in, uint32_t n)
{
	struct span spans[SPAN_MAX];
	unsigned n_spans = infer_spans(in, n, spans);
	uint32_t at = 0, width = dtype_get(in->dtype)->width_bytes, outside = 0;

	ck_assert(n_spans >= 1 && n_spans <= SPAN_MAX);
	for (unsigned i = 0; i < n_spans; at += spans[i++].len_bytes) {
		ck_assert_uint_gt(spans[i].len_bytes, 0);
		ck_assert_uint_eq(spans[i].len_bytes % spans[i].elem_bytes, 0);
		if (spans[i].dtype == DTYPE_BYTES) {
			outside += spans[i].len_bytes;
			continue;
		}
		ck_assert_uint_eq(at % width, in->phase);
		ck_assert_int_eq(spans[i].big_endian, in->big_endian);
	}
	ck_assert_uint_eq(at, n);
	ck_assert(in->dtype == DTYPE_BYTES || outside < 2 * width || n < 2 * width);
}

START_TEST(spans_tile)
{
	for (unsigned dtype = 0; dtype < DTYPE_COUNT; dtype++) {
		for (unsigned phase = 0; phase < dtype_get(dtype)->width_bytes; phase++) {
			struct inference in = {
				.dtype = dtype, .phase = (uint8_t)phase, .big_endian = phase & 1
			};

			for (uint32_t n = 1; n < 70; n++)
				check_tiling(&in, n);
		}
	}
}
END_TEST

/* The verdict on a file of the kind, of which 16 places are looked at. */
static enum infer_verdict verdict_on(const char *name, char reason[INFER_REASON_BYTES])
{
	struct infer_survey survey = { 0 };
	struct mt19937 mt;
	unsigned k = 0;

	mt19937_seed(&mt, 5);
	while (strcmp(kinds[k].name, name) != 0)
		k++;
	kinds_make(&mt, &kinds[k], bytes, MOST);
	infer_survey_begin(&survey, bytes, MOST);
	for (unsigned i = 0; i < 16; i++)
		infer_survey_add(&survey, bytes + i * (MOST / 16), MOST / 16);
	return infer_survey_verdict(&survey, reason);
}

/* What a file is said to be compressed by, or NULL. */
static const char *packed_by(const char *head, size_t n)
{
	struct infer_survey survey = { 0 };

	infer_survey_begin(&survey, (const uint8_t *)head, n);
	return survey.packed_by;
}

START_TEST(magics)
{
	static const char gzip[] = "\x1f\x8b\x08\0", bzip2[] = "BZh91AY&SY",
					  webp[] = "RIFF\1\2\3\4WEBPVP8 ",
					  blosc[] = "\x9e\xa8"
								"b2frame\0";

	ck_assert_str_eq(packed_by(gzip, 4), "gzip");
	ck_assert_str_eq(packed_by(bzip2, 10), "bzip2");
	ck_assert_str_eq(packed_by(webp, 16), "WebP");
	ck_assert_str_eq(packed_by(blosc, 10), "blosc2");
	/* Cut in the middle of its magic, a file says nothing. */
	ck_assert_ptr_null(packed_by(gzip, 2));
	ck_assert_ptr_null(packed_by(webp, 11));
	ck_assert_ptr_null(packed_by("RIFF\1\2\3\4WAVEfmt ", 16));
	/* No numbers, whatever the content looks like. */
	ck_assert_ptr_null(packed_by("\x7f"
								 "ELF\2",
		5));
	ck_assert_str_eq(packed_by("PK\3\4", 4), "zip");
}
END_TEST

START_TEST(verdicts_on_files)
{
	char reason[INFER_REASON_BYTES];
	struct infer_survey none = { 0 }, jpeg = { 0 };

	ck_assert_int_eq(verdict_on("noise", reason), INFER_VERDICT_COMPRESSED);
	ck_assert_str_eq(reason, "already compressed: noise at 16 of 16 places");
	ck_assert_int_eq(verdict_on("text", reason), INFER_VERDICT_OTHER);
	ck_assert_int_eq(verdict_on("float32", reason), INFER_VERDICT_NUMERIC);
	ck_assert_str_eq(reason, "float32 at 16 of 16 places");
	ck_assert_int_eq(infer_survey_verdict(&none, reason), INFER_VERDICT_OTHER);
	infer_survey_begin(&jpeg, (const uint8_t *)"\xff\xd8\xff\xe0", 4);
	ck_assert_int_eq(infer_survey_verdict(&jpeg, reason), INFER_VERDICT_COMPRESSED);
	ck_assert_str_eq(reason, "already compressed: JPEG");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("infer");
	TCase *tc = tcase_create("infer");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, every_type_at_every_phase);
	tcase_add_test(tc, what_is_no_number);
	tcase_add_test(tc, little_and_monotonous_input);
	tcase_add_test(tc, spans_tile);
	tcase_add_test(tc, magics);
	tcase_add_test(tc, verdicts_on_files);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
