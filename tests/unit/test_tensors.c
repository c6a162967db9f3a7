/* SPDX-License-Identifier: MIT */
/* The tensors of a container and their planes: shares that add up, whatever was joined or
   grouped. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "alcm.h"
#include "blob/plane_sums.h"
#include "coder/coder_table.h"
#include "transform/transform_table.h"

static struct alcm *alcm;
static struct alcm_info info;

/* A safetensors file as it is made, tensor by tensor. */
struct file {
	char *head;
	FILE *head_file, *data_file;
	char *data;
	size_t head_len, data_len, at;
};

static void begin(struct file *f)
{
	*f = (struct file){ 0 };
	f->head_file = open_memstream(&f->head, &f->head_len);
	f->data_file = open_memstream(&f->data, &f->data_len);
	ck_assert(f->head_file && f->data_file);
}

/* Say in the head that there are n values in as many bytes. */
static void declare(struct file *f, const char *name, const char *dtype, size_t n,
	size_t bytes)
{
	fprintf(f->head_file,
		"%c\"%s\":{\"dtype\":\"%s\",\"shape\":[%zu],\"data_offsets\":[%zu,%zu]}",
		f->at ? ',' : '{', name, dtype, n, f->at, f->at + bytes);
	f->at += bytes;
}

/* Rows of `width` bytes whose first are noise and whose last differ little, as a float's
   do. */
static void add(struct file *f, const char *name, const char *dtype, unsigned width,
	size_t n)
{
	declare(f, name, dtype, n, n * width);
	for (size_t i = 0; i < n * width; i++)
		fputc(i % width == width - 1 ? 60 + (int)(random() % 4) : (int)(random() & 0xff),
			f->data_file);
}

/* Write it to a blob and list its tensors in `info`. */
static void list(struct file *f)
{
	int fd = memfd_create("blob", MFD_CLOEXEC);
	struct alcm_profile profile;
	struct alcm_blob *blob;
	uint64_t len;

	fputc('}', f->head_file);
	ck_assert(!fclose(f->head_file) && !fclose(f->data_file) && fd >= 0);
	len = f->head_len;
	alcm_profile_default(&profile);
	ck_assert_int_eq(alcm_blob_create(alcm, fd, &profile, &blob), 0);
	ck_assert_int_eq(alcm_blob_pwrite(blob, &len, 8, 0, NULL), 8);
	ck_assert_int_eq(alcm_blob_pwrite(blob, f->head, len, 8, NULL), (ssize_t)len);
	for (size_t at = 0, n; at < f->data_len; at += n) {
		n = f->data_len - at < 100000 ? f->data_len - at : 100000;
		ck_assert_int_eq(alcm_blob_pwrite(blob, f->data + at, n, 8 + len + at, NULL),
			(ssize_t)n);
	}
	ck_assert_int_eq(alcm_blob_commit(blob, false, NULL), 0);
	ck_assert_int_eq(alcm_blob_info(blob, &info, NULL), 0);
	ck_assert_uint_eq(info.n_tensor_planes, 0);
	ck_assert_int_eq(alcm_blob_list_tensors(blob, &info), 0);
	alcm_blob_close(blob);
	close(fd);
	free(f->head);
	free(f->data);
}

static const struct alcm_plane *plane_of(const struct alcm_tensor *t, const char *name)
{
	for (unsigned p = 0; p < t->n_planes; p++) {
		if (strcmp(info.tensor_planes[t->first_plane + p].name, name) == 0)
			return &info.tensor_planes[t->first_plane + p];
	}
	return NULL;
}

/* Each row's planes make the row, and all rows' planes are no more than the file's. */
static void check_sums(void)
{
	double raw_of_file = 0, stored_of_file = 0, raw_of_rows = 0, stored_of_rows = 0;
	unsigned n = 0;

	for (unsigned p = 0; p < info.n_planes; p++) {
		raw_of_file += (double)info.planes[p].raw_bytes;
		stored_of_file += (double)info.planes[p].stored_bytes;
	}
	for (unsigned r = 0; r < info.n_rows; r++) {
		const struct alcm_tensor *t = &info.rows[r];
		double raw = 0, stored = 0;

		ck_assert_uint_eq(t->first_plane, n);
		ck_assert_uint_gt(t->n_planes, 0);
		ck_assert_uint_le(t->n_planes, ALCM_MAX_PLANES);
		for (unsigned p = 0; p < t->n_planes; p++, n++) {
			raw += (double)info.tensor_planes[n].raw_bytes;
			stored += (double)info.tensor_planes[n].stored_bytes;
			ck_assert_str_ne(info.tensor_planes[n].coder, "");
		}
		/* Each of them is rounded. */
		ck_assert_double_le(fabs(raw - (double)t->bytes), t->n_planes);
		ck_assert_double_le(fabs(stored - t->stored_bytes), t->n_planes);
		raw_of_rows += (double)t->bytes;
		stored_of_rows += t->stored_bytes;
	}
	ck_assert_uint_eq(n, info.n_tensor_planes);
	ck_assert_double_eq(raw_of_file, (double)info.logical_bytes);
	ck_assert_double_lt(raw_of_rows, raw_of_file);
	ck_assert_double_lt(stored_of_rows, stored_of_file);
	/* What is missing is the head, of text. */
	ck_assert_double_le(stored_of_file - stored_of_rows, raw_of_file - raw_of_rows);
}

/* Over several chunks, two types, and small tensors between that share parts with
   others. */
START_TEST(planes_add_up)
{
	struct file f;

	begin(&f);
	add(&f, "w", "F32", 4, 150000);
	add(&f, "norm", "BF16", 2, 64);
	add(&f, "step", "I64", 8, 1);
	for (int i = 0; i < 20; i++) {
		char name[16];

		snprintf(name, sizeof(name), "bias%d", i);
		add(&f, name, i % 3 ? "BF16" : "F32", i % 3 ? 2 : 4, 50 + (size_t)i * 3);
	}
	add(&f, "half", "F16", 2, 100000);
	add(&f, "none", "F16", 2, 0);
	list(&f);
	ck_assert_uint_eq(info.n_rows, 25);
	/* Of nothing there are no planes. */
	ck_assert_str_eq(info.rows[24].name, "none");
	ck_assert_uint_eq(info.rows[24].n_planes, 0);
	info.n_rows--;
	check_sums();

	/* A quarter of a float is its exponent, which 2 bits and the sign's say; the rest is
	   noise. */
	const struct alcm_plane *exponent = plane_of(&info.rows[0], "exponent"),
							*mantissa = plane_of(&info.rows[0], "mantissa byte 1");

	ck_assert(exponent && mantissa);
	ck_assert_double_eq_tol((double)exponent->raw_bytes, 150000, 10);
	ck_assert_double_eq_tol(exponent->bits_before, 8, 1e-9);
	ck_assert_double_lt(exponent->bits_after, 3.5);
	ck_assert_double_gt(mantissa->bits_after, 7.9);
	ck_assert_str_eq(mantissa->coder, "raw");
	ck_assert_str_ne(exponent->coder, "raw");
}
END_TEST

/* More tensors than rows: a row has the planes of all that it stands for. */
START_TEST(planes_of_groups_add_up)
{
	struct file f;
	char name[32];

	begin(&f);
	for (int i = 0; i < 3000; i++) {
		snprintf(name, sizeof(name), "layers.%d.weight", i);
		add(&f, name, "BF16", 2, 100);
		snprintf(name, sizeof(name), "layers.%d.bias", i);
		add(&f, name, "F32", 4, 20);
	}
	add(&f, "head", "F32", 4, 50000);
	list(&f);
	ck_assert_uint_eq(info.n_tensors, 6001);
	ck_assert_uint_eq(info.n_rows, 3);
	check_sums();
	ck_assert(plane_of(&info.rows[2], "mantissa byte 3"));
}
END_TEST

/* More kinds of names than there are rows for: the last one has all the others. */
START_TEST(more_names_than_rows)
{
	struct file f;
	char name[32];

	begin(&f);
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "%c%c", 'a' + i / 26, 'a' + i % 26);
		add(&f, name, i % 2 ? "F64" : "F32", i % 2 ? 8 : 4, i % 2 ? 4000 : 6000);
	}
	list(&f);
	ck_assert_uint_eq(info.n_rows, ALCM_MAX_TENSOR_ROWS);
	ck_assert_str_eq(info.rows[ALCM_MAX_TENSOR_ROWS - 1].name, "others");
	check_sums();
}
END_TEST

/* Likewise the last plane of a row. */
START_TEST(more_planes_than_capacity)
{
	static struct plane_sums sums;
	struct alcm_plane out[ALCM_MAX_PLANES];

	memset(&sums, 0, sizeof(sums));
	for (uint8_t k = 0; k < 60; k++) {
		const struct plane_use use = { .transform = TRANSFORM_BYTES,
			.plane = k % 6,
			.coder = k % 6 == 5 ? CODER_ZSTD : CODER_RAW,
			.n_values = 100,
			.raw_bytes = 100,
			.stored_bytes = 60 };

		plane_sums_add(&sums, &use, 0.25, 4);
	}
	ck_assert_uint_eq(sums.n, 4);
	plane_sums_report(&sums, out);
	ck_assert_str_eq(out[0].name, "byte 0");
	ck_assert_uint_eq(out[0].raw_bytes, 250);
	ck_assert_uint_eq(out[0].stored_bytes, 150);
	ck_assert_double_eq_tol(out[0].bits_before, 8, 1e-12);
	ck_assert_double_eq_tol(out[0].bits_after, 4.8, 1e-12);
	ck_assert_str_eq(out[3].name, "others");
	ck_assert_uint_eq(out[3].stored_bytes, 3 * 150);
	ck_assert_str_eq(out[3].coder, "raw"); /* of two of the three */
}
END_TEST

/* Elements of a byte and less, called as the format calls them; floats of 8 bits have
   values. */
START_TEST(small_types)
{
	static const struct {
		const char *dtype;
		unsigned bits;
		int one; /* the code of 1.0 */
	} types[] = { { "F8_E4M3", 8, 0x38 }, { "F8_E5M2", 8, 0x3c }, { "F8_E8M0", 8, 127 },
		{ "F8_E4M3FNUZ", 8, 0x40 }, { "F8_E5M2FNUZ", 8, 0x40 }, { "F6_E2M3", 6, 1 },
		{ "F6_E3M2", 6, 1 }, { "F4", 4, 1 }, { "F2_OF_THE_YEAR_2099", 2, 1 } };
	enum { N_TYPES = sizeof(types) / sizeof(types[0]), N = 4000 };
	struct file f;

	begin(&f);
	for (unsigned k = 0; k < N_TYPES; k++) {
		declare(&f, types[k].dtype, types[k].dtype, N, N * types[k].bits / 8);
		for (size_t i = 0; i < N * types[k].bits / 8; i++)
			fputc(types[k].one, f.data_file);
	}
	list(&f);
	ck_assert_uint_eq(info.n_rows, N_TYPES);
	for (unsigned k = 0; k < N_TYPES; k++)
		ck_assert_int_eq(strncmp(info.rows[k].dtype, types[k].dtype, 15), 0);
	ck_assert_uint_eq(info.stats.n, 5 * N);
	ck_assert_double_eq(info.stats.min, 1);
	ck_assert_double_eq(info.stats.max, 1);

	/* A shape that does not fill its bytes: no tensors at all. */
	begin(&f);
	declare(&f, "w", "F4", N, N);
	for (unsigned i = 0; i < N; i++)
		fputc(1, f.data_file);
	list(&f);
	ck_assert_uint_eq(info.n_tensors, 0);
	ck_assert_uint_eq(info.n_rows, 0);
}
END_TEST

static void setup(void)
{
	struct alcm_params params;

	srandom(11);
	alcm_params_default(&params);
	params.threads = 1;
	params.budget_bytes = 16 << 20;
	params.chunk_bytes = 1 << 16;
	ck_assert_int_eq(alcm_new(&params, &alcm), 0);
}

static void teardown(void)
{
	alcm_free(alcm);
}

int main(void)
{
	Suite *suite = suite_create("tensors");
	TCase *tc = tcase_create("tensors");
	SRunner *runner;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, planes_add_up);
	tcase_add_test(tc, planes_of_groups_add_up);
	tcase_add_test(tc, more_names_than_rows);
	tcase_add_test(tc, small_types);
	tcase_add_test(tc, more_planes_than_capacity);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);

	int failed = srunner_ntests_failed(runner);

	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
