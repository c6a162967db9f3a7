/* SPDX-License-Identifier: MIT */
/* The report: what it says, hostile names, and recognising one that still holds. */
#include <check.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "alcm.h"

static const struct timespec mtime = { .tv_sec = 86400, .tv_nsec = 5 };

static struct alcm_info example(void)
{
	struct alcm_info info = {
		.format = "npy",
		.dtype = "<f4",
		.n_dims = 2,
		.shape = { 3, 5 },
		.logical_bytes = 1000,
		.stored_bytes = 400,
		.n_chunks = 1,
		.chunk_bytes = 1 << 18,
		.format_version = 1,
		.uuid = { 0x12, 0x34 },
		.commit_no = 7,
		.profile = "lossless",
		.cpu_seconds = 1,
		.wall_seconds = 2,
		.threads = 2,
		.ratio = 2.5,
		.caq = 1.25,
		.codec = "zstd",
		.stats = { .n = 15, .mean = 0.5, .min = -1, .max = 2 },
		.n_planes = 1,
		.planes = { { .name = "exponent",
			.coder = "zstd",
			.bits_before = 8,
			.bits_after = 2 } },
		.baseline_sample_bytes = 500,
		.baseline_stored_bytes = 250,
		.baseline_cpu_seconds = 0.5,
	};

	return info;
}

static cJSON *report_of(const struct alcm_info *info, const char *name)
{
	char *text = NULL;

	ck_assert_int_eq(alcm_report_json(info, name, &mtime, &text), 0);

	cJSON *root = cJSON_Parse(text);

	ck_assert_ptr_nonnull(root);
	alcm_free_text(text);
	return root;
}

static const cJSON *at(const cJSON *root, const char *section, const char *key)
{
	const cJSON *found = cJSON_GetObjectItem(cJSON_GetObjectItem(root, section), key);

	ck_assert_msg(found != NULL, "no %s.%s", section, key);
	return found;
}

static double number_at(const cJSON *root, const char *section, const char *key)
{
	ck_assert_msg(cJSON_IsNumber(at(root, section, key)), "%s.%s is no number", section,
		key);
	return at(root, section, key)->valuedouble;
}

START_TEST(says_the_figures)
{
	struct alcm_info info = example();
	cJSON *root = report_of(&info, "a/w.npy");

	ck_assert_str_eq(at(root, "file", "name")->valuestring, "a/w.npy");
	ck_assert_str_eq(at(root, "file", "mtime")->valuestring,
		"1970-01-02T00:00:00.000000005Z");
	ck_assert_str_eq(at(root, "file", "order")->valuestring, "C");
	ck_assert_int_eq(cJSON_GetArraySize(at(root, "file", "shape")), 2);
	ck_assert_str_eq(at(root, "blob", "uuid")->valuestring,
		"12340000-0000-0000-0000-000000000000");
	ck_assert_double_eq(number_at(root, "result", "saved_bytes"), 600);
	ck_assert_double_eq(number_at(root, "result", "caq"), 1.25);
	ck_assert_double_eq(number_at(root, "statistics", "mean"), 0.5);
	/* The sample is half of the data: its CPU time counts twice. CAQ 2 / (1 + 1) = 1. */
	ck_assert_double_eq(number_at(root, "baseline", "ratio"), 2);
	ck_assert_double_eq(number_at(root, "baseline", "cpu_seconds"), 1);
	ck_assert_double_eq_tol(number_at(root, "baseline", "gain_percent"), 25, 1e-9);
	cJSON_Delete(root);
}
END_TEST

START_TEST(what_is_unknown_is_null)
{
	struct alcm_info info = example();
	cJSON *root;

	info.dtype[0] = '\0';
	info.stats = (struct alcm_stats){ 0 };
	info.predicted_entropy = (double)NAN;
	info.baseline_sample_bytes = 0;
	root = report_of(&info, "x");
	ck_assert(cJSON_IsNull(at(root, "file", "shape")));
	ck_assert(cJSON_IsNull(at(root, "statistics", "min")));
	ck_assert(cJSON_IsNull(at(root, "result", "predicted_entropy")));
	ck_assert(cJSON_IsNull(cJSON_GetObjectItem(root, "baseline")));
	cJSON_Delete(root);
}
END_TEST

static const struct {
	const char *name, *shown;
} names[] = {
	{ "quote\" and \\ and \n", "quote\" and \\ and \n" },
	{ "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80" },
	{ "latin\xe4.npy", "latin\xef\xbf\xbd.npy" },
	{ "cut\xe2\x82", "cut\xef\xbf\xbd\xef\xbf\xbd" },
	{ "overlong\xc0\xaf", "overlong\xef\xbf\xbd\xef\xbf\xbd" },
	{ "surrogate\xed\xa0\x80", "surrogate\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
	{ "</script>", "</script>" },
};

START_TEST(names_are_any_bytes)
{
	struct alcm_info info = example();
	cJSON *root = report_of(&info, names[_i].name);
	char *text = NULL;

	ck_assert_str_eq(at(root, "file", "name")->valuestring, names[_i].shown);
	cJSON_Delete(root);
	ck_assert_int_eq(alcm_report_json(&info, names[_i].name, &mtime, &text), 0);
	ck_assert(alcm_report_current(text, strlen(text), &info, names[_i].name, &mtime));
	alcm_free_text(text);
}
END_TEST

START_TEST(knows_its_own_commit)
{
	struct alcm_info info = example();
	struct timespec later = { mtime.tv_sec, mtime.tv_nsec + 1 };
	char *text = NULL;

	ck_assert_int_eq(alcm_report_json(&info, "w", &mtime, &text), 0);

	size_t len = strlen(text);

	ck_assert(alcm_report_current(text, len, &info, "w", &mtime));
	ck_assert(!alcm_report_current(text, len, &info, "v", &mtime));
	ck_assert(!alcm_report_current(text, len, &info, "w", &later));
	ck_assert(!alcm_report_current(text, len / 2, &info, "w", &mtime));
	ck_assert(!alcm_report_current("[]", 2, &info, "w", &mtime));
	info.commit_no++;
	ck_assert(!alcm_report_current(text, len, &info, "w", &mtime));
	info.commit_no--;
	info.uuid[15]++;
	ck_assert(!alcm_report_current(text, len, &info, "w", &mtime));
	alcm_free_text(text);
}
END_TEST

/* Reading is the inverse of writing, as far as the report says everything. */
START_TEST(reads_what_it_says)
{
	struct alcm_info info = example(), again;
	char *text = NULL, *twice = NULL;

	if (_i == 1) {
		info.quantisation = (struct alcm_quantisation){ .n_scales = 3, .bound = 0.5 };
		info.quantisation.distortion = (struct alcm_distortion){
			.n_values = 15, .mse = 0.25, .psnr_db = (double)INFINITY
		};
		info.lossy = true;
	}
	if (_i == 2) {
		info.dtype[0] = '\0';
		info.n_tensors = 12;
		info.n_rows = 2;
		info.rows[0] = (struct alcm_tensor){ .name = "layers.*.weight",
			.n_tensors = 11,
			.dtype = "F32",
			.n_dims = ALCM_NO_SHAPE,
			.bytes = 900,
			.stored_bytes = 300,
			.n_planes = 2 };
		info.rows[1] = (struct alcm_tensor){ .name = "bias",
			.n_tensors = 1,
			.n_dims = 1,
			.shape = { 7 },
			.bytes = 28,
			.stored_bytes = 28,
			.first_plane = 2,
			.n_planes = 1 };
		info.n_tensor_planes = 3;
		for (unsigned p = 0; p < 3; p++)
			info.tensor_planes[p] = (struct alcm_plane){ .name = "exponent",
				.coder = "ans",
				.raw_bytes = 100,
				.stored_bytes = 50 + p,
				.bits_before = 8,
				.bits_after = 4 + p };
		info.stats = (struct alcm_stats){ 0 };
		info.baseline_sample_bytes = 0;
	}
	ck_assert_int_eq(alcm_report_json(&info, "w", &mtime, &text), 0);
	ck_assert_int_eq(alcm_report_read(text, strlen(text), &again), 0);
	ck_assert_uint_eq(again.n_tensor_planes, info.n_tensor_planes);
	memcpy(again.uuid, info.uuid, sizeof(again.uuid));
	ck_assert_int_eq(alcm_report_json(&again, "w", &mtime, &twice), 0);
	ck_assert_str_eq(text, twice);
	for (size_t len = 0; len < strlen(text); len++)
		ck_assert_int_eq(alcm_report_read(text, len, &again), -EINVAL);
	alcm_free_text(text);
	alcm_free_text(twice);
}
END_TEST

START_TEST(figures_come_back)
{
	const char *codecs[] = { "ans wide", "raw", "" };
	struct alcm_info info = {
		.lossy = _i == 1,
		.logical_bytes = UINT64_MAX / 2,
		.stored_bytes = 12345,
		.cpu_seconds = 0.000536572,
		.baseline_sample_bytes = 16384,
		.baseline_stored_bytes = 15271,
		.baseline_cpu_seconds = _i == 2 ? 0 : 1.25,
	};
	struct alcm_info again;
	char line[ALCM_FIGURES_BYTES];
	char *codec;
	int n;

	strcpy(info.codec, codecs[_i]);
	n = alcm_figures_text(&info, line, sizeof(line));
	ck_assert_int_lt(n, (int)sizeof(line));
	ck_assert_int_eq(alcm_figures_read(line, &again), 0);
	ck_assert_str_eq(again.codec, info.codec);
	ck_assert(again.lossy == info.lossy && again.logical_bytes == info.logical_bytes &&
		again.stored_bytes == info.stored_bytes &&
		again.cpu_seconds == info.cpu_seconds &&
		again.baseline_sample_bytes == info.baseline_sample_bytes &&
		again.baseline_stored_bytes == info.baseline_stored_bytes &&
		again.baseline_cpu_seconds == info.baseline_cpu_seconds);

	strcat(line, "a coder with a long name");
	ck_assert_int_eq(alcm_figures_read(line, &again), -EINVAL);
	codec = strstr(line, "codec=");
	for (*codec = '\0'; codec > line; *--codec = '\0')
		ck_assert_int_eq(alcm_figures_read(line, &again), -EINVAL);
}
END_TEST

/* A tensor file in memory for alcm_histogram(). */
struct memory {
	char bytes[2 << 20];
	size_t n;
	unsigned n_reads;
};

static int read_memory(void *ctx, void *buf, size_t n, uint64_t off)
{
	struct memory *m = ctx;

	ck_assert(off <= m->n && n <= m->n - off);
	memcpy(buf, m->bytes + off, n);
	m->n_reads++;
	return 0;
}

static struct memory *npy_of(const char *descr, const void *values, size_t n_values,
	size_t width)
{
	struct memory *m = calloc(1, sizeof(*m));

	ck_assert_ptr_nonnull(m);
	memset(m->bytes, ' ', 128);
	memcpy(m->bytes, "\x93NUMPY\x01\x00\x76\x00", 10);
	int n = sprintf(m->bytes + 10,
		"{'descr': '%s', 'fortran_order': False, 'shape': (%zu,), }", descr, n_values);

	m->bytes[10 + n] = ' ';
	m->bytes[127] = '\n';
	memcpy(m->bytes + 128, values, n_values * width);
	m->n = 128 + n_values * width;
	return m;
}

START_TEST(histogram_counts_every_value)
{
	enum { N = 300000 };
	float *v = calloc(N, sizeof(*v));
	struct alcm_histogram h;
	uint64_t sum = 0, exponents = 0;

	ck_assert_ptr_nonnull(v);
	for (int i = 0; i < N; i++)
		v[i] = (float)(i % 2000 - 1000) / 1000;
	v[7] = NAN;
	v[8] = INFINITY;
	v[9] = 1000; /* far from the others */

	struct memory *m = npy_of("<f4", v, N, sizeof(*v));

	ck_assert_int_eq(alcm_histogram(read_memory, m, m->n, 100, &h), 0);
	ck_assert_uint_eq(h.n_values, N - 2);
	ck_assert_uint_eq(h.n_nan, 1);
	ck_assert_uint_eq(h.n_inf, 1);
	ck_assert_uint_eq(h.n_above, 1);
	ck_assert_uint_eq(h.n_zero, N / 2000);
	ck_assert_uint_eq(h.sample_bytes, m->n);
	for (unsigned i = 0; i < h.n_bins; i++)
		sum += h.values[i];
	for (unsigned i = 0; i < h.n_exponents; i++)
		exponents += h.exponents[i];
	ck_assert_uint_eq(sum + h.n_below + h.n_above, h.n_values);
	ck_assert_uint_eq(exponents + h.n_zero, h.n_values);
	ck_assert_int_eq(h.exponent_low, -10); /* of 0.001 */
	ck_assert_uint_eq(h.n_exponents, 20);  /* up to 1000, in 2^9 … 2^10 */
	ck_assert_uint_eq(h.exponents[9],
		N / 2000 * 1000 - 3); /* 0.5 … 1, less what was replaced */

	/* A sample: fewer bytes, fewer values. */
	ck_assert_int_eq(alcm_histogram(read_memory, m, m->n, 2, &h), 0);
	ck_assert_uint_eq(h.sample_bytes, 512 << 10);
	free(m);
	free(v);
}
END_TEST

START_TEST(histogram_of_few_integers)
{
	const uint8_t v[] = { 3, 3, 5, 3, 7, 5 };
	struct memory *m = npy_of("|u1", v, sizeof(v), 1);
	struct alcm_histogram h;

	ck_assert_int_eq(alcm_histogram(read_memory, m, m->n, 8, &h), 0);
	ck_assert_uint_eq(h.n_bins, 5);
	ck_assert_double_eq(h.low, 2.5);
	ck_assert_double_eq(h.high, 7.5);
	ck_assert_uint_eq(h.values[0], 3);
	ck_assert_uint_eq(h.values[2], 2);
	ck_assert_uint_eq(h.values[4], 1);
	m->bytes[0] = 'x'; /* no tensor any more */
	ck_assert_int_eq(alcm_histogram(read_memory, m, m->n, 8, &h), -ENODATA);
	ck_assert_int_eq(alcm_histogram(read_memory, m, 0, 8, &h), -ENODATA);
	free(m);
}
END_TEST

START_TEST(caq_of_the_paper)
{
	ck_assert_double_eq(alcm_caq(1.6, 0), 1.6);
	ck_assert_double_eq(alcm_caq(3, 1), 1.5);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("report");
	TCase *tc = tcase_create("report");
	SRunner *runner;

	tcase_add_test(tc, says_the_figures);
	tcase_add_test(tc, what_is_unknown_is_null);
	tcase_add_loop_test(tc, names_are_any_bytes, 0, sizeof(names) / sizeof(names[0]));
	tcase_add_test(tc, knows_its_own_commit);
	tcase_add_loop_test(tc, reads_what_it_says, 0, 3);
	tcase_add_loop_test(tc, figures_come_back, 0, 3);
	tcase_add_test(tc, histogram_counts_every_value);
	tcase_add_test(tc, histogram_of_few_integers);
	tcase_add_test(tc, caq_of_the_paper);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);

	int failed = srunner_ntests_failed(runner);

	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
