/* SPDX-License-Identifier: MIT */
/* .npy headers: every descr that NumPy writes, the literal's forms, and what must be
   refused. */
#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/le.h"
#include "format/format.h"
#include "format/npy.h"

enum { MAX_DICT = 4096 };

/* Wrap `dict` as version `major`; the bytes are exactly as long as they are, for
   sanitizers. */
static uint8_t *wrap(const char *dict, unsigned major, size_t *n)
{
	size_t len = strlen(dict), start = major == 1 ? 10 : 12;
	uint8_t *p = malloc(start + len);

	ck_assert_ptr_nonnull(p);
	memcpy(p, "\x93NUMPY", 6);
	p[6] = (uint8_t)major;
	p[7] = 0;
	if (major == 1)
		le_put16(p + 8, (uint16_t)len);
	else
		le_put32(p + 8, (uint32_t)len);
	memcpy(p + start, dict, len);
	*n = start + len;
	return p;
}

static bool parse_dict(const char *dict, unsigned major, struct npy *out)
{
	size_t n;
	uint8_t *p = wrap(dict, major, &n);
	bool ok;

	memset(out, 0, sizeof(*out));
	ok = npy_parse(p, n, out);
	free(p);
	return ok;
}

/* A one-dimensional file of 3 elements of type `descr`, which is Python source. */
static bool parse_descr(const char *descr, struct npy *out)
{
	char dict[MAX_DICT];

	snprintf(dict, sizeof(dict),
		"{'descr': %s, 'fortran_order': False, 'shape': (3,), }\n", descr);
	return parse_dict(dict, 1, out);
}

static const struct {
	const char *text;
	enum dtype_id dtype;
	uint32_t elem_bytes;
	bool big;
} simple[] = {
	{ "|b1", DTYPE_B8, 1, false },
	{ "|u1", DTYPE_U8, 1, false },
	{ "|i1", DTYPE_I8, 1, false },
	{ "<u2", DTYPE_U16, 2, false },
	{ ">u4", DTYPE_U32, 4, true },
	{ "<u8", DTYPE_U64, 8, false },
	{ ">i2", DTYPE_I16, 2, true },
	{ "<i4", DTYPE_I32, 4, false },
	{ ">i8", DTYPE_I64, 8, true },
	{ "<f2", DTYPE_F16, 2, false },
	{ "|V2", DTYPE_BF16, 2, false }, /* coded like that, but opaque */
	{ "<V2", DTYPE_BF16, 2, false },
	{ ">V2", DTYPE_BF16, 2, true },
	{ "<f4", DTYPE_F32, 4, false },
	{ ">f4", DTYPE_F32, 4, true },
	{ ">f8", DTYPE_F64, 8, true },
	{ "<f16", DTYPE_F80, 16, false },
	{ "<c8", DTYPE_F32, 8, false },
	{ ">c16", DTYPE_F64, 16, true },
	{ "<c32", DTYPE_F80, 32, false },
	{ "|S7", DTYPE_BYTES, 7, false },
	{ "|S1", DTYPE_BYTES, 1, false },
	{ "<U5", DTYPE_BYTES, 20, false },
	{ "|V13", DTYPE_BYTES, 13, false },
	{ "<M8[ns]", DTYPE_I64, 8, false },
	{ ">m8[s]", DTYPE_I64, 8, true },
	{ "<M8", DTYPE_I64, 8, false },
};

static bool is_raw(const char *text)
{
	return text[0] == '|' && text[1] == 'V';
}

START_TEST(every_simple_descr)
{
	struct npy l;
	char quoted[32];

	snprintf(quoted, sizeof(quoted), "'%s'", simple[_i].text);
	ck_assert(parse_descr(quoted, &l));
	ck_assert_str_eq(l.dtype_text, simple[_i].text);
	ck_assert_int_eq(l.dtype, simple[_i].dtype);
	ck_assert_uint_eq(l.elem_bytes, simple[_i].elem_bytes);
	ck_assert_int_eq(l.big_endian, simple[_i].big);
	ck_assert_int_eq(l.opaque, is_raw(simple[_i].text));
	ck_assert_uint_eq(l.data_bytes, 3 * simple[_i].elem_bytes);
}
END_TEST

static const struct {
	const char *descr;
	uint32_t elem_bytes;
} records[] = {
	{ "[('a', '<f4')]", 4 },
	{ "[('a', '<i4'), ('b', '>f8', (2, 3))]", 52 },
	{ "[('a', [('x', '|u1'), ('y', '<U3')]), ('b', '|S5',)]", 18 },
	{ "[(('title', 'name'), '<f4'), ('', '|V3')]", 7 },
	{ "[('a\\'b\\\\', \"<i2\"), (\"it's\", '<i2', (4,)),]", 10 },
	{ "[('a', ('<f4', (2, 2))), ('b', '|b1')]", 17 },
	{ "[('a', '<c16', (5L,)), ('t', '<M8[us]')]", 88 },
	{ "[('empty', '|S0'), ('a', '|u1')]", 1 },
};

START_TEST(every_record)
{
	struct npy l;

	ck_assert(parse_descr(records[_i].descr, &l));
	ck_assert_int_eq(l.dtype, DTYPE_BYTES);
	ck_assert_uint_eq(l.elem_bytes, records[_i].elem_bytes);
	ck_assert_uint_eq(l.data_bytes, 3 * records[_i].elem_bytes);
}
END_TEST

static const char *const refused[] = { "'|O'", "[('a', '<i4'), ('b', '|O')]",
	"[('a', [('b', 'O')])]", "'<f3'", "'<f4x'", "'<f4[ns]'", "'<M8[ns'", "'<f12'",
	"'<q8'", "'<f'", "''", "'", "'<f4", "[", "[(", "[('a'", "[('a',", "[('a', '<f4'",
	"[('a', '<f4')", "[]", "'|S0'", "'|S99999999999999999999'", "'|S4294967297'",
	"'<U1073741825'", "[('a', '|S2000000000'), ('b', '|S2000000000')]",
	"[('a', '|V1', (65536, 65536))]",
	"[('a', '<f8', (4294967296, 4294967296, 4294967296))]", "None", "4",
	"('<f4', {'a': 1})", "[('a', '<f4', (-1,))]" };

START_TEST(what_is_no_tensor_is_refused)
{
	struct npy l;

	ck_assert_msg(!parse_descr(refused[_i], &l), "%s", refused[_i]);
}
END_TEST

static const struct {
	const char *dict;
	unsigned n_dims;
	uint64_t data_bytes;
	bool fortran;
} dicts[] = {
	{ "{'descr': '<f4', 'fortran_order': False, 'shape': (), }", 0, 4, false },
	{ "{'descr': '<f4', 'fortran_order': False, 'shape': (7,), }", 1, 28, false },
	{ "{'shape':(2L,3L),'fortran_order':True,'descr':\"<f4\"}", 2, 24, true },
	{ "  {\t'descr' :\n'<f8','fortran_order':False , 'shape' : ( 2 , 3 , ) , }  \n", 2,
		48, false },
	{ "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 5), }", 2, 0, false },
	{ "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 3), }", 2,
		UINT64_C(12) << 32, false },
	{ "{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775807, 9), }", 2,
		UINT64_MAX, false },
	{ "{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775807, 9, 0), }",
		3, 0, false },
};

START_TEST(every_form_of_dict)
{
	struct npy l;

	for (unsigned major = 1; major <= 3; major++) {
		size_t start = major == 1 ? 10 : 12;

		ck_assert(parse_dict(dicts[_i].dict, major, &l));
		ck_assert_uint_eq(l.n_dims, dicts[_i].n_dims);
		ck_assert(l.data_bytes == dicts[_i].data_bytes);
		ck_assert_int_eq(l.fortran_order, dicts[_i].fortran);
		ck_assert_uint_eq(l.data_offset, start + strlen(dicts[_i].dict));
	}
}
END_TEST

static const char *const bad_dicts[] = { "", "{", "{}", "{'descr': '<f4'}",
	"{'descr': '<f4', 'fortran_order': False}",
	"{'descr': '<f4', 'fortran_order': Fals, 'shape': (1,)}",
	"{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'more': 1}",
	"{'descr': '<f4', 'fortran_order': False, 'shape': (,)}",
	"{'descr': '<f4', 'fortran_order': False, 'shape': (1, -1)}",
	"{'descr': '<f4', 'fortran_order': False, 'shape': (1",
	"{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}",
	"{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} more",
	"{'descr' '<f4', 'fortran_order': False, 'shape': (1,)}",
	"['descr', '<f4', 'fortran_order', False, 'shape', (1,)]" };

START_TEST(bad_dicts_are_refused)
{
	struct npy l;

	ck_assert_msg(!parse_dict(bad_dicts[_i], 2, &l), "%s", bad_dicts[_i]);
}
END_TEST

START_TEST(too_many_dimensions_are_refused)
{
	for (unsigned n = ALCM_MAX_DIMS; n <= ALCM_MAX_DIMS + 1; n++) {
		char dict[MAX_DICT] = "{'descr': '<f4', 'fortran_order': False, 'shape': (";
		struct npy l;

		for (unsigned i = 0; i < n; i++)
			strcat(dict, "1,");
		strcat(dict, ")}");
		ck_assert_int_eq(parse_dict(dict, 1, &l), n == ALCM_MAX_DIMS);
	}
}
END_TEST

static const char *const opening[] = { "(", "[('a',", "('<f4',", "[('a',(" };

/* A header that nests without end must not exhaust the stack. */
START_TEST(depth_is_limited)
{
	static const char head[] = "{'descr': [('a', ";
	size_t len = 1 << 20, n, at = strlen(head), unit = strlen(opening[_i]);
	char *dict = malloc(len + 1);
	struct npy l;
	uint8_t *p;

	ck_assert_ptr_nonnull(dict);
	memcpy(dict, head, at);
	for (; at + unit <= len; at += unit)
		memcpy(dict + at, opening[_i], unit);
	dict[at] = '\0';
	p = wrap(dict, 2, &n);
	ck_assert(!npy_parse(p, n, &l));
	free(p);
	free(dict);
}
END_TEST

/* Every prefix of a good header, in a block of just that size, is refused and never
   overrun. */
START_TEST(every_prefix_is_refused)
{
	size_t n;
	uint8_t *whole = wrap("{'descr': [('a', '<i4', (2,)), ('b', [('c', '|S3')])], "
						  "'fortran_order': False, 'shape': (3, 4), }\n",
		3, &n);

	for (size_t k = 0; k <= n; k++) {
		uint8_t *cut = malloc(k ? k : 1);
		struct npy l;

		ck_assert_ptr_nonnull(cut);
		memcpy(cut, whole, k);
		ck_assert_int_eq(npy_parse(cut, k, &l), k == n);
		free(cut);
	}
	free(whole);
}
END_TEST

/* The same, where the length in the header is what was cut to. */
START_TEST(every_cut_dict_is_refused)
{
	char dict[] = "{'descr': [('a', '<i4', (2,)), ('b', [('c', '|S3')])], "
				  "'fortran_order': True, 'shape': (3, 4), }";

	for (size_t k = strlen(dict) - 1; k > 0; k--) {
		struct npy l;

		dict[k] = '\0';
		ck_assert_msg(!parse_dict(dict, 1, &l), "%s", dict);
	}
}
END_TEST

START_TEST(versions)
{
	struct npy l;

	for (unsigned major = 0; major < 256; major++) {
		bool known = major >= 1 && major <= 3;

		ck_assert_int_eq(parse_dict("{'descr': '<f4', 'fortran_order': False, 'shape': "
									"()}",
							 major, &l),
			known);
	}
}
END_TEST

START_TEST(long_descr_text_is_cut)
{
	struct npy l;
	char descr[MAX_DICT] = "[";

	for (unsigned i = 0; i < 60; i++)
		strcat(descr, "('field', '<f4'), ");
	strcat(descr, "]");
	ck_assert(parse_descr(descr, &l));
	ck_assert_uint_eq(l.elem_bytes, 240);
	ck_assert_uint_eq(strlen(l.dtype_text), sizeof(l.dtype_text) - 1);
	ck_assert(strncmp(l.dtype_text, descr, sizeof(l.dtype_text) - 1) == 0);
}
END_TEST

START_TEST(what_is_no_header)
{
	static const char *const texts[] = { "hello, world", "\x93NUMPY", "\x93NUMPY\x01",
		"" };

	for (unsigned i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct npy npy;

		ck_assert(!npy_parse((const uint8_t *)texts[i], strlen(texts[i]), &npy));
	}
}
END_TEST

START_TEST(magic)
{
	const uint8_t *npy = (const uint8_t *)"\x93NUMPY\x01";

	for (size_t n = 1; n <= 7; n++)
		ck_assert(format_name_of(npy, n));
	ck_assert(!format_name_of(npy, 0));
	ck_assert(!format_name_of((const uint8_t *)"\x93NUMPx", 6));
	ck_assert(!format_name_of((const uint8_t *)"N", 1));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("npy");
	TCase *tc = tcase_create("all");
	SRunner *runner = srunner_create(suite);
	int failed;

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))
	tcase_add_loop_test(tc, every_simple_descr, 0, COUNT(simple));
	tcase_add_loop_test(tc, every_record, 0, COUNT(records));
	tcase_add_loop_test(tc, what_is_no_tensor_is_refused, 0, COUNT(refused));
	tcase_add_loop_test(tc, every_form_of_dict, 0, COUNT(dicts));
	tcase_add_loop_test(tc, bad_dicts_are_refused, 0, COUNT(bad_dicts));
	tcase_add_loop_test(tc, depth_is_limited, 0, COUNT(opening));
	tcase_add_test(tc, too_many_dimensions_are_refused);
	tcase_add_test(tc, every_prefix_is_refused);
	tcase_add_test(tc, every_cut_dict_is_refused);
	tcase_add_test(tc, versions);
	tcase_add_test(tc, long_descr_text_is_cut);
	tcase_add_test(tc, what_is_no_header);
	tcase_add_test(tc, magic);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
