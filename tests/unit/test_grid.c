/* SPDX-License-Identifier: MIT */
/* Transform `grid`: quantised floats come back bit for bit, in all types and orders;
   hostile bodies. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/le.h"
#include "codec/codec.h"
#include "coder/coder_table.h"
#include "tensor/values.h"
#include "transform/transform_table.h"

enum { CHUNK = 1 << 18 };

static struct codec *codec;
static uint8_t raw[CHUNK], back[CHUNK], body[CHUNK + 4096];
static uint64_t state = 1;

static double uniform(void)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (double)(state >> 11) * 0x1p-53;
}

static double normal(void)
{
	return sqrt(-2 * log(1 - uniform())) * cos(6.283185307179586 * uniform());
}

/* What the cases differ in. */
struct kind {
	enum dtype_id dtype;
	unsigned n_components;
	bool cycle, big_endian;
	uint64_t run, skip; /* run 0: one channel */
	double least_scale, most_scale;
	uint64_t row_len; /* with one scale: rows and columns of very different spread */
};

static const struct kind kinds[] = {
	{ DTYPE_F32, 1, false, false, 100, 0, 0.0005, 0.1 },
	{ DTYPE_F32, 1, false, true, 1000, 37, 0.0005, 0.1 },
	{ DTYPE_F32, 1, true, false, 0, 5, 0.01, 0.1 },
	{ DTYPE_F32, 2, false, false, 64, 12, 0.01, 0.2 },
	{ DTYPE_F32, 2, true, true, 0, 4, 0.01, 0.2 },
	{ DTYPE_F32, 1, false, false, 500, 0, 1e-5, 1e-5 },
	{ DTYPE_F32, 1, false, false, 500, 0, 30, 40 },
	{ DTYPE_F64, 1, false, false, 300, 299, 1e-9, 1e-3 },
	{ DTYPE_F16, 1, false, false, 333, 1, 0.01, 0.1 },
	{ DTYPE_BF16, 1, false, true, 333, 1, 0.01, 0.1 },
	{ DTYPE_F32, 1, false, false, 1 << 30, 0, 0.05, 0.05, .row_len = 64 },
	{ DTYPE_F32, 1, false, true, 1 << 30, 1001, 0.05, 0.05, .row_len = 30 },
	{ DTYPE_F64, 1, false, false, 1 << 30, 63, 1e-9, 1e-9, .row_len = 64 },
	{ DTYPE_F16, 1, false, false, 1 << 30, 5, 0.01, 0.01, .row_len = 100 },
	{ DTYPE_F64, 1, false, false, 300, 0, 1e-14, 1e-3 }, /* codes above 2^31 */
	{ DTYPE_F32, 1, false, false, 250, 0, 1e-7,
		1e5 }, /* scales of more classes than there are */
	{ DTYPE_F32, 1, false, false, 7, 3, 0.0005, 0.1 },
};

enum { N_KINDS = sizeof(kinds) / sizeof(kinds[0]), CYCLE = 24 };

static double scales[CHUNK];

static struct grid_map make_map(const struct kind *k, uint32_t n)
{
	struct grid_map m = { .scales = scales,
		.n_components = k->n_components,
		.cycle = k->cycle,
		.run = k->run,
		.skip = k->skip,
		.row_len = k->row_len };

	m.n_scales = k->cycle ? CYCLE : k->n_components * ((m.skip + n - 1) / m.run + 1);
	for (uint64_t i = 0; i < m.n_scales; i++)
		scales[i] = values_round(k->least_scale *
				pow(k->most_scale / k->least_scale, uniform()),
			k->dtype);
	return m;
}

static uint64_t scale_no(const struct grid_map *m, uint32_t i)
{
	if (m->cycle)
		return (i + m->skip) % m->n_scales;
	return (i + m->skip) / m->run * m->n_components + i % m->n_components;
}

/* Of value i: 1 where there is one spread only, else rows and columns of some octaves. */
static double spread_of(const struct kind *k, uint32_t i)
{
	uint64_t row, column;

	if (!k->row_len)
		return 1;
	row = (i + k->skip) / k->row_len;
	column = (i + k->skip) % k->row_len;
	return exp2((double)(row * 7 % 5) - (double)(column * 5 % 7));
}

/* Normal values of σ = 1 (times their spread) on their grids, zeros of both signs among
   them. */
static struct span fill(const struct kind *k, struct grid_map *m, uint32_t n)
{
	unsigned width = dtype_get(k->dtype)->width_bytes;

	for (uint32_t i = 0; i < n; i++) {
		double scale = scales[scale_no(m, i)], u = uniform();
		double x = u < 0.15 ? 0.0
			: u < 0.3       ? -0.0
							: rint(normal() * spread_of(k, i) / scale) * scale;

		x = values_round(x, k->dtype);
		values_put(raw + i * width, &x, 1, k->dtype, k->big_endian);
	}
	return (struct span){ .len_bytes = n * width,
		.elem_bytes = width * k->n_components,
		.dtype = k->dtype,
		.big_endian = k->big_endian,
		.grid = m };
}

static void setup(void)
{
	ck_assert_int_eq(codec_new(CHUNK, &codec), 0);
}

static void teardown(void)
{
	codec_free(codec);
}

/* What is in `raw`, to `body`. */
static int encode(const struct span *span, struct codec_result *r)
{
	const struct codec_context with = { .codec = codec, .spans = span, .n_spans = 1 };

	return codec_encode(&with, raw, span->len_bytes, body, r);
}

static int decode(const uint8_t *from, uint32_t len, uint8_t *to, uint32_t n)
{
	const struct codec_context with = { .codec = codec };

	return codec_decode(&with, from, len, to, n);
}

START_TEST(comes_back_bit_for_bit)
{
	const struct kind *k = &kinds[_i];
	const uint32_t lengths[] = { 2, 16, 100, 1000, 4242, 10000 };

	for (unsigned l = 0; l < sizeof(lengths) / sizeof(lengths[0]); l++) {
		struct grid_map m = make_map(k, lengths[l]);
		struct span span = fill(k, &m, lengths[l]);
		struct codec_result r;

		ck_assert_int_eq(encode(&span, &r), 0);
		ck_assert_int_eq(decode(body, r.body_len, back, span.len_bytes), 0);
		ck_assert_mem_eq(raw, back, span.len_bytes);
		if (lengths[l] >= 1000 && k->least_scale > 1e-4)
			ck_assert_uint_eq(r.planes[0].transform, TRANSFORM_GRID);
		if (lengths[l] >= 4242 && k->row_len)
			ck_assert_uint_eq(r.planes[1].coder, CODER_BINS);
	}
}
END_TEST

START_TEST(values_off_the_grid_stay_exact)
{
	struct grid_map m = make_map(&kinds[0], 10000);
	struct span span = fill(&kinds[0], &m, 10000);
	struct codec_result r;
	const uint32_t odd[] = { 0x3f800001, 0x7fc00001, 0x7f800000, 0x00000001 };

	for (unsigned i = 0; i < 4; i++) {
		le_put32(raw + 4 * 777, odd[i]);
		ck_assert_int_eq(encode(&span, &r), 0);
		ck_assert_uint_ne(r.planes[0].transform, TRANSFORM_GRID);
		ck_assert_int_eq(decode(body, r.body_len, back, span.len_bytes), 0);
		ck_assert_mem_eq(raw, back, span.len_bytes);
	}
}
END_TEST

START_TEST(all_zero)
{
	struct grid_map m = make_map(&kinds[0], 1000);
	struct span span = {
		.len_bytes = 4000, .elem_bytes = 4, .dtype = DTYPE_F32, .grid = &m
	};
	struct codec_result r;

	memset(raw, 0, 4000);
	raw[3] = raw[1003] = 0x80;

	ck_assert_int_eq(encode(&span, &r), 0);
	ck_assert_uint_eq(r.planes[1].coder, CODER_BINS);
	ck_assert_int_eq(decode(body, r.body_len, back, 4000), 0);
	ck_assert_mem_eq(raw, back, 4000);
}
END_TEST

/* The entropy of these codes, each channel's distribution known, is 6.5 bits; scales take
   0.32. */
START_TEST(near_the_limit)
{
	struct kind k = kinds[0];
	double limit = 0;

	k.least_scale = k.most_scale = 0.05;

	struct grid_map m = make_map(&k, 10000);
	struct span span = fill(&k, &m, 10000);
	struct codec_result r;

	/* 30 % zeros with a random sign; else a normal value, its density cut into cells of
	   0.05. */
	limit = -0.3 * log2(0.15) - 0.7 * log2(0.7) +
		0.7 * (0.5 * log2(17.0794684) - log2(0.05));
	ck_assert_int_eq(encode(&span, &r), 0);

	double bits = 8.0 * (double)(r.planes[1].stored_bytes) / 10000;

	ck_assert_msg(bits < limit * 1.015, "%.3f bits a value, the limit is %.3f", bits,
		limit);
}
END_TEST

static void damage(uint32_t body_len, uint32_t raw_len, unsigned rounds)
{
	for (unsigned round = 0; round < rounds; round++) {
		uint8_t *exact = malloc(body_len), *to = malloc(raw_len);
		uint32_t len = round % 3 ? body_len : (uint32_t)(uniform() * body_len);

		memcpy(exact, body, body_len);
		/* The head of a body says most. */
		for (unsigned n = 0; n < 1 + round % 4; n++)
			exact[(size_t)(pow(uniform(), 3) * body_len)] = (uint8_t)(uniform() * 256);
		(void)decode(exact, len, to, raw_len);
		free(exact);
		free(to);
	}
}

/* A map of the spreads tells apart what one density has to mix. */
START_TEST(map_of_spreads_pays)
{
	struct kind k = { DTYPE_F32, 1, false, false, 1 << 30, 0, 0.05, 0.05,
		.row_len = 192 };
	struct grid_map m = make_map(&k, 60000);
	struct span span = fill(&k, &m, 60000);
	struct codec_result r;
	uint64_t with, without;

	ck_assert_int_eq(encode(&span, &r), 0);
	with = r.planes[1].stored_bytes;
	m.row_len = 0;
	ck_assert_int_eq(encode(&span, &r), 0);
	without = r.planes[1].stored_bytes;
	ck_assert_msg((double)(without - with) * 8 / 60000 > 0.5,
		"%llu bytes with a map, %llu without", (unsigned long long)with,
		(unsigned long long)without);
}
END_TEST

/* Damage gives an error or other values, never a step outside (sanitizers look at
   that). */
START_TEST(hostile_bodies)
{
	const struct kind *k = &kinds[_i];
	struct grid_map m = make_map(k, 2000);
	struct span span = fill(k, &m, 2000);
	struct codec_result r;

	ck_assert_int_eq(encode(&span, &r), 0);
	damage(r.body_len, span.len_bytes, 3000);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("grid");
	TCase *tc = tcase_create("all");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, comes_back_bit_for_bit, 0, N_KINDS);
	tcase_add_test(tc, values_off_the_grid_stay_exact);
	tcase_add_test(tc, all_zero);
	tcase_add_test(tc, near_the_limit);
	tcase_add_test(tc, map_of_spreads_pays);
	tcase_add_loop_test(tc, hostile_bodies, 0, N_KINDS);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
