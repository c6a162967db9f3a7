/* SPDX-License-Identifier: MIT */
/* The six statistics against their definition in two passes of long double. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/le.h"
#include "tensor/stats.h"
#include "tensor/values.h"

enum { N = 5003 }; /* several blocks and a part of one */

static uint64_t random_state = 0x13198a2e03707344u;

static double random_unit(void)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (double)(random_state >> 11) * 0x1p-53;
}

/* Close in proportion to `scale`; NaN is close to nothing. */
static void ck_close(double got, double want, double scale, const char *what)
{
	ck_assert_msg(fabs(got - want) <= 1e-9 * scale, "%s: %.17g, should be %.17g", what,
		got, want);
}

static void defined_stats(const double *x, unsigned n, struct alcm_stats *s)
{
	long double sum = 0, m2 = 0, m3 = 0, m4 = 0, sparse = 0;

	memset(s, 0, sizeof(*s));
	s->n = n;
	s->min = s->max = x[0];
	for (unsigned i = 0; i < n; i++)
		sum += x[i];
	for (unsigned i = 0; i < n; i++) {
		long double d = x[i] - sum / n;

		m2 += d * d;
		m3 += d * d * d;
		m4 += d * d * d * d;
		sparse += fabs(x[i]) < 1e-6;
		s->min = fmin(s->min, x[i]);
		s->max = fmax(s->max, x[i]);
	}
	s->mean = (double)(sum / n);
	s->variance = (double)(m2 / n);
	s->stddev = m2 > 0 ? sqrt(s->variance) : 1e-8;
	s->skewness = (double)(m3 / n) / pow(s->stddev, 3);
	s->kurtosis = (double)(m4 / n) / pow(s->stddev, 4);
	s->sparsity = (double)(sparse / n);
}

static void check_stats(const struct moments *m, const double *x, unsigned n)
{
	struct alcm_stats got, want;

	moments_stats(m, &got);
	defined_stats(x, n, &want);
	ck_assert_uint_eq(got.n, want.n);
	ck_close(got.mean, want.mean, want.stddev, "mean");
	ck_close(got.variance, want.variance, want.variance, "variance");
	ck_close(got.stddev, want.stddev, want.stddev, "stddev");
	ck_close(got.skewness, want.skewness, 1 + fabs(want.skewness), "skewness");
	ck_close(got.kurtosis, want.kurtosis, 1 + want.kurtosis, "kurtosis");
	ck_close(got.sparsity, want.sparsity, 1, "sparsity");
	ck_assert(got.min == want.min && got.max == want.max);
}

/* ---- every type -------------------------------------------------------------------- */

/* `bits` as `width` bytes in the byte order asked for. */
static void put_bits(uint8_t *p, uint64_t bits, unsigned width, bool big)
{
	for (unsigned i = 0; i < width; i++)
		p[big ? width - 1 - i : i] = (uint8_t)(bits >> 8 * i);
}

static uint64_t float_bits(double v, enum dtype_id dtype)
{
	float f = (float)v;
	uint32_t b32;
	uint64_t b64;

	memcpy(&b32, &f, sizeof(b32));
	memcpy(&b64, &v, sizeof(b64));
	if (dtype == DTYPE_F64)
		return b64;
	return dtype == DTYPE_BF16 ? b32 >> 16 : b32;
}

/* A value that the type holds exactly, and its bits. */
static double random_value(enum dtype_id dtype, uint64_t *bits)
{
	const struct dtype *type = dtype_get(dtype);
	unsigned n_bits = 8u * type->width_bytes;
	double v;

	if (type->class == DTYPE_FLOAT) {
		v = random_unit() < 0.3 ? 0 : floor(random_unit() * 256) / 64 - 1;
		*bits = float_bits(v, dtype);
		return v;
	}
	if (n_bits > 50) /* so that the mean's rounding doesn't count */
		n_bits = 50;
	v = floor(random_unit() * pow(random_unit(), 3) * ldexp(1, (int)n_bits - 1));
	if (type->class == DTYPE_INT && random_unit() < 0.5)
		v = -v;
	*bits = (uint64_t)(int64_t)v;
	return v;
}

static const enum dtype_id numeric[] = { DTYPE_U8, DTYPE_U16, DTYPE_U32, DTYPE_U64,
	DTYPE_I8, DTYPE_I16, DTYPE_I32, DTYPE_I64, DTYPE_BF16, DTYPE_F32, DTYPE_F64 };

START_TEST(every_type_and_order)
{
	enum dtype_id dtype = numeric[_i / 2];
	unsigned width = dtype_get(dtype)->width_bytes;
	struct span span = {
		.len_bytes = N * width, .elem_bytes = width, .dtype = dtype, .big_endian = _i % 2
	};
	uint8_t *data = malloc(span.len_bytes);
	double *x = malloc(N * sizeof(*x));
	struct moments m = { 0 };

	ck_assert(data && x);
	for (unsigned i = 0; i < N; i++) {
		uint64_t bits;

		x[i] = random_value(dtype, &bits);
		put_bits(data + i * width, bits, width, span.big_endian);
	}
	moments_add(&m, data, &span);
	check_stats(&m, x, N);
	free(data);
	free(x);
}
END_TEST

/* All 65,536 of them, by the definition of IEEE 754. */
START_TEST(every_float16)
{
	struct span span = { .len_bytes = 2, .elem_bytes = 2, .dtype = DTYPE_F16 };
	unsigned faults = 0;

	for (unsigned h = 0; h < 65536; h++) {
		int exponent = h >> 10 & 31, mantissa = h & 1023;
		double want = exponent ? ldexp(1024 + mantissa, exponent - 25)
							   : ldexp(mantissa, -24);
		struct moments m = { 0 };
		uint8_t bytes[2];

		le_put16(bytes, (uint16_t)h);
		moments_add(&m, bytes, &span);
		if (exponent == 31)
			faults += m.n != 0 || m.n_nan != (mantissa != 0) ||
				m.n_inf != (mantissa == 0);
		else
			faults += m.n != 1 || m.mean != (h & 0x8000 ? -want : want);
	}
	ck_assert_uint_eq(faults, 0);
}
END_TEST

static const struct {
	enum dtype_id dtype;
	int mantissa_bits, bias;
	bool has_sign, has_zero;
	/* codes that are NaN under the mask; 0: there is none */
	uint8_t nan, nan_mask, infinity;
} float8[] = {
	/* OCP 8-bit Floating Point Specification, tables 1 and 2 */
	{ DTYPE_F8E4M3, 3, 7, true, true, 0x7f, 0x7f, 0 },
	{ DTYPE_F8E5M2, 2, 15, true, true, 0, 0, 0x7c },
	/* OCP Microscaling Formats, section 5.4.1 */
	{ DTYPE_F8E8M0, 0, 127, false, false, 0xff, 0xff, 0 },
	/* "8-bit Numerical Formats for Deep Neural Networks" (Noune et al.), section 2 */
	{ DTYPE_F8E4M3FNUZ, 3, 8, true, true, 0x80, 0xff, 0 },
	{ DTYPE_F8E5M2FNUZ, 2, 16, true, true, 0x80, 0xff, 0 },
};

/* What a code means, by the definitions. */
static double float8_value(unsigned k, unsigned code)
{
	unsigned magnitude = float8[k].has_sign ? code & 0x7f : code;
	int exponent = (int)(magnitude >> float8[k].mantissa_bits),
		mantissa = (int)(magnitude & ((1u << float8[k].mantissa_bits) - 1)),
		one = 1 << float8[k].mantissa_bits;
	bool subnormal = !exponent && float8[k].has_zero;
	double v = ldexp((subnormal ? 0 : one) + mantissa,
		(subnormal ? 1 : exponent) - float8[k].bias - float8[k].mantissa_bits);

	if (float8[k].nan_mask && (code & float8[k].nan_mask) == float8[k].nan)
		return (double)NAN;
	if (float8[k].infinity && magnitude >= float8[k].infinity)
		v = magnitude == float8[k].infinity ? (double)INFINITY : (double)NAN;
	return magnitude != code ? -v : v;
}

/* All codes of every float of 8 bits. */
START_TEST(every_float8)
{
	uint8_t codes[256];
	double got[256], largest = 0;
	unsigned faults = 0;

	for (unsigned code = 0; code < 256; code++)
		codes[code] = (uint8_t)code;
	ck_assert(values_get(got, codes, 256, float8[_i].dtype, _i % 2));
	for (unsigned code = 0; code < 256; code++) {
		double want = float8_value((unsigned)_i, code);

		faults += isnan(want) ? !isnan(got[code])
							  : got[code] != want || signbit(got[code]) != signbit(want);
		largest = isfinite(got[code]) ? fmax(largest, got[code]) : largest;
	}
	ck_assert_uint_eq(faults, 0);

	/* And what the specifications call the largest one. */
	static const double most[] = { 448, 57344, 0x1p127, 240, 57344 };

	ck_assert_double_eq(largest, most[_i]);
}
END_TEST

START_TEST(opaque_adds_nothing)
{
	static const enum dtype_id none[] = { DTYPE_BYTES, DTYPE_B8, DTYPE_F80, DTYPE_F128 };
	uint8_t data[64];

	memset(data, 0x3f, sizeof(data));
	for (unsigned i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		struct span span = { .len_bytes = 64, .elem_bytes = 16, .dtype = none[i] };
		struct moments m = { 0 }, zero = { 0 };

		moments_add(&m, data, &span);
		ck_assert_mem_eq(&m, &zero, sizeof(m));
	}
}
END_TEST

/* ---- values ------------------------------------------------------------------------ */

static void add_doubles(struct moments *m, const double *x, unsigned n)
{
	struct span span = { .len_bytes = n * 8, .elem_bytes = 8, .dtype = DTYPE_F64 };
	uint8_t *data = malloc(n * 8 + 1);

	ck_assert_ptr_nonnull(data);
	for (unsigned i = 0; i < n; i++)
		le_put64(data + i * 8, float_bits(x[i], DTYPE_F64));
	moments_add(m, data, &span);
	free(data);
}

START_TEST(complex_counts_twice)
{
	struct span span = { .len_bytes = 48, .elem_bytes = 16, .dtype = DTYPE_F64 };
	double x[] = { 1, -2, 3, 4, 0, 7 };
	struct moments m = { 0 };
	uint8_t data[48];

	for (unsigned i = 0; i < 6; i++)
		le_put64(data + i * 8, float_bits(x[i], DTYPE_F64));
	moments_add(&m, data, &span);
	check_stats(&m, x, 6);
}
END_TEST

START_TEST(nan_and_inf_are_counted_and_left_out)
{
	static double x[N], finite[N];
	unsigned n = 0, n_nan = 0, n_inf = 0;
	struct moments m = { 0 };

	for (unsigned i = 0; i < N; i++) {
		x[i] = random_unit() - 0.5;
		if (i % 97 == 5 && ++n_nan)
			x[i] = (double)NAN;
		else if (i % 89 == 3 && ++n_inf)
			x[i] = i & 1 ? (double)INFINITY : -(double)INFINITY;
		else
			finite[n++] = x[i];
	}
	add_doubles(&m, x, N);
	ck_assert_uint_eq(m.n_nan, n_nan);
	ck_assert_uint_eq(m.n_inf, n_inf);
	check_stats(&m, finite, n);
}
END_TEST

START_TEST(nothing_but_nan)
{
	double x[3] = { (double)NAN, (double)INFINITY, -(double)NAN };
	struct alcm_stats s, want = { .n_nan = 2, .n_inf = 1 };
	struct moments m = { 0 };

	add_doubles(&m, x, 3);
	moments_stats(&m, &s);
	ck_assert(s.n == 0 && s.n_nan == want.n_nan && s.n_inf == want.n_inf);
	ck_assert(s.mean == 0 && s.stddev == 0 && s.kurtosis == 0 && s.min == 0);
}
END_TEST

START_TEST(a_constant)
{
	static double x[N];
	struct alcm_stats s;
	struct moments m = { 0 };

	for (unsigned i = 0; i < N; i++)
		x[i] = 0.75;
	add_doubles(&m, x, N);
	moments_stats(&m, &s);
	ck_assert(s.mean == 0.75 && s.variance == 0 && s.stddev == 1e-8);
	ck_assert(s.skewness == 0 && s.kurtosis == 0 && s.min == 0.75 && s.max == 0.75);
}
END_TEST

/* Naive sums of powers lose all digits here. */
/* The mean of three times 0.1 is rounded to more than that. */
START_TEST(extremes_are_values)
{
	static const double x[] = { 0.1, 0.1, 0.1 };
	struct span span = { .len_bytes = sizeof(x), .elem_bytes = 8, .dtype = DTYPE_F64 };
	struct moments m = { 0 };
	uint8_t bytes[sizeof(x)];

	memcpy(bytes, x, sizeof(x));
	moments_add(&m, bytes, &span);
	ck_assert(m.min == 0.1 && m.max == 0.1);
}
END_TEST

START_TEST(far_from_zero)
{
	static double x[N];
	struct moments m = { 0 };

	for (unsigned i = 0; i < N; i++)
		x[i] = 1e6 + floor(random_unit() * 1024) / 1024;
	add_doubles(&m, x, N);
	check_stats(&m, x, N);
}
END_TEST

START_TEST(sparse_is_below_a_millionth)
{
	double x[] = { 0, -0.0, 9.9e-7, -9.9e-7, 1e-6, -1e-6, 1 };
	struct moments m = { 0 };

	add_doubles(&m, x, 7);
	ck_assert_uint_eq(m.n_sparse, 4);
}
END_TEST

/* Cut anywhere, in any order of merging: the same figures. */
START_TEST(merging)
{
	static double x[N];

	for (unsigned i = 0; i < N; i++)
		x[i] = pow(random_unit(), 3) * (i < N / 2 ? 1 : -20);
	for (unsigned round = 0; round < 50; round++) {
		struct moments total = { 0 };

		for (unsigned at = 0; at < N;) {
			unsigned n = (unsigned)(random_unit() * (round < 25 ? 10 : 2000));
			struct moments part = { 0 };

			n = n < N - at ? n : N - at;
			add_doubles(&part, x + at, n);
			if (round & 1) {
				moments_merge(&total, &part);
			} else {
				moments_merge(&part, &total);
				total = part;
			}
			at += n;
		}
		check_stats(&total, x, N);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("stats");
	TCase *tc = tcase_create("all");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, every_type_and_order, 0,
		2 * (int)(sizeof(numeric) / sizeof(numeric[0])));
	tcase_add_test(tc, every_float16);
	tcase_add_loop_test(tc, every_float8, 0, sizeof(float8) / sizeof(float8[0]));
	tcase_add_test(tc, opaque_adds_nothing);
	tcase_add_test(tc, complex_counts_twice);
	tcase_add_test(tc, nan_and_inf_are_counted_and_left_out);
	tcase_add_test(tc, nothing_but_nan);
	tcase_add_test(tc, a_constant);
	tcase_add_test(tc, far_from_zero);
	tcase_add_test(tc, extremes_are_values);
	tcase_add_test(tc, sparse_is_below_a_millionth);
	tcase_add_test(tc, merging);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
