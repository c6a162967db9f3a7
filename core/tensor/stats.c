/* SPDX-License-Identifier: MIT */
/*
 * Statistics of values in one pass over memory.
 *
 * Values are converted to double in blocks that stay in the L1 cache. A block's central
 * sums are taken around its own mean, in a second pass over the block, and then merged
 * into the total. That avoids the cancellation of sums of plain powers: with a mean of
 * 1000 and σ = 1e-6, Σx² / n − mean² would be all rounding.
 *
 *   values ─► 1024 doubles ─► without NaN and Inf ─► mean ─► Σd², Σd³, Σd⁴ ─► merged
 *
 * All machines give the same bits. Eight sums run side by side, value i in lane i mod 8,
 * and are added up in one order; that is one register of AVX-512, two of AVX2, or eight
 * scalars. Products aren't fused with additions (-ffp-contract=off). It matters because
 * the metrics are stored in records and steer the predictor.
 */
#include "tensor/stats.h"

#include <math.h>
#include <string.h>

#include "base/cpu.h"
#include "base/simd.h"
#include "tensor/values.h"

#if CPU_X86
#include <immintrin.h>
#endif

enum {
	BLOCK = 1024,
	LANES = 8, /* independent sums, so that the compiler can use vector registers */
};

#define SPARSE_BELOW 1e-6

/* 0 · x is NaN for NaN and Inf, and 0 otherwise; so one sum tests all values. */
SIMD_CLONES static bool all_finite(const double *x, unsigned n)
{
	double check[LANES] = { 0 };
	unsigned i = 0;

	for (; i + LANES <= n; i += LANES) {
		for (unsigned l = 0; l < LANES; l++)
			check[l] += x[i + l] * 0;
	}
	for (; i < n; i++)
		check[0] += x[i] * 0;
	for (unsigned l = 1; l < LANES; l++)
		check[0] += check[l];
	return check[0] == 0;
}

/* Remove NaN and Inf from a block and count them; returns the number of values left. Most
   blocks have none, so they are tested as a whole first. */
static unsigned drop_nonfinite(struct moments *m, double *x, unsigned n)
{
	unsigned kept = 0;

	if (all_finite(x, n))
		return n;
	for (unsigned i = 0; i < n; i++) {
		if (isnan(x[i]))
			m->n_nan++;
		else if (isinf(x[i]))
			m->n_inf++;
		else
			x[kept++] = x[i];
	}
	return kept;
}

/* Always in the same order, so that all CPU levels give the same bits. */
static double sum_lanes(const double s[LANES])
{
	double sum = 0;

	for (unsigned l = 0; l < LANES; l++)
		sum += s[l];
	return sum;
}

/* Sums over a block, by lane. */
struct sums {
	double first[LANES]; /* of the values */
	double s2[LANES], s3[LANES], s4[LANES], lo[LANES], hi[LANES];
	uint64_t sparse[LANES];
};

SIMD_CLONES static void add_portable(struct sums *s, const double *x, unsigned n)
{
	double first[LANES] = { 0 };

	for (unsigned i = 0; i < n; i += LANES) {
		for (unsigned l = 0; l < LANES; l++)
			first[l] += x[i + l];
	}
	memcpy(s->first, first, sizeof(first));
}

SIMD_CLONES static void add_central_portable(struct sums *s, const double *x, unsigned n,
	double mean)
{
	for (unsigned i = 0; i < n; i += LANES) {
		for (unsigned l = 0; l < LANES; l++) {
			double v = x[i + l], d = v - mean, d2 = d * d;

			s->s2[l] += d2;
			s->s3[l] += d2 * d;
			s->s4[l] += d2 * d2;
			s->lo[l] = v < s->lo[l] ? v : s->lo[l];
			s->hi[l] = v > s->hi[l] ? v : s->hi[l];
			s->sparse[l] += fabs(v) < SPARSE_BELOW;
		}
	}
}

#if CPU_X86

/* The same sums in the same order, so equal to the bit; compilers do worse with these
   loops. min and max return their second operand unless the first is strictly beyond it,
   which is the portable comparison, also for zeros of different sign. */
static CPU_TARGET_AVX512 void add_avx512(struct sums *s, const double *x, unsigned n)
{
	__m512d first = _mm512_setzero_pd();

	for (unsigned i = 0; i < n; i += LANES)
		first = _mm512_add_pd(first, _mm512_loadu_pd(x + i));
	_mm512_storeu_pd(s->first, first);
}

static CPU_TARGET_AVX512 void add_central_avx512(struct sums *s, const double *x,
	unsigned n, double mean)
{
	__m512d s2 = _mm512_setzero_pd(), s3 = s2, s4 = s2;
	__m512d lo = _mm512_loadu_pd(s->lo), hi = _mm512_loadu_pd(s->hi);
	__m512i sparse = _mm512_setzero_si512();

	for (unsigned i = 0; i < n; i += LANES) {
		__m512d v = _mm512_loadu_pd(x + i), d = _mm512_sub_pd(v, _mm512_set1_pd(mean));
		__m512d d2 = _mm512_mul_pd(d, d);
		__mmask8 small = _mm512_cmp_pd_mask(_mm512_abs_pd(v),
			_mm512_set1_pd(SPARSE_BELOW), _CMP_LT_OQ);

		s2 = _mm512_add_pd(s2, d2);
		s3 = _mm512_add_pd(s3, _mm512_mul_pd(d2, d));
		s4 = _mm512_add_pd(s4, _mm512_mul_pd(d2, d2));
		lo = _mm512_min_pd(v, lo);
		hi = _mm512_max_pd(v, hi);
		sparse = _mm512_mask_add_epi64(sparse, small, sparse, _mm512_set1_epi64(1));
	}
	_mm512_storeu_pd(s->s2, s2);
	_mm512_storeu_pd(s->s3, s3);
	_mm512_storeu_pd(s->s4, s4);
	_mm512_storeu_pd(s->lo, lo);
	_mm512_storeu_pd(s->hi, hi);
	_mm512_storeu_si512(s->sparse, sparse);
}

#endif

static void add(struct sums *s, const double *x, unsigned n)
{
#if CPU_X86
	if (cpu_level() == CPU_AVX512) {
		add_avx512(s, x, n);
		return;
	}
#endif
	add_portable(s, x, n);
}

static void add_central(struct sums *s, const double *x, unsigned n, double mean)
{
#if CPU_X86
	if (cpu_level() == CPU_AVX512) {
		add_central_avx512(s, x, n, mean);
		return;
	}
#endif
	add_central_portable(s, x, n, mean);
}

static void find_extremes(struct moments *b, const double *x, unsigned n)
{
	b->min = b->max = x[0];
	for (unsigned i = 1; i < n; i++) {
		b->min = x[i] < b->min ? x[i] : b->min;
		b->max = x[i] > b->max ? x[i] : b->max;
	}
}

/*
 * The moments of a block of n > 0 finite values. It is padded to whole lanes: with zeros
 * for the sum of the values, then with the mean, which adds nothing to the central sums.
 * If the mean counts as sparse so did the padding, and it is subtracted at the end. x has
 * LANES more elements than a block for that.
 */
static void block_moments(struct moments *b, double *x, unsigned n)
{
	unsigned whole = (n + LANES - 1) / LANES * LANES;
	struct sums s = { .first = { 0 } };
	double mean;

	for (unsigned i = n; i < whole; i++)
		x[i] = 0;
	add(&s, x, whole);
	mean = sum_lanes(s.first) / n;
	for (unsigned i = n; i < whole; i++)
		x[i] = mean;
	memcpy(s.lo, x, sizeof(s.lo));
	memcpy(s.hi, x, sizeof(s.hi));
	add_central(&s, x, whole, mean);
	*b = (struct moments){ .n = n,
		.mean = mean,
		.m2 = sum_lanes(s.s2),
		.m3 = sum_lanes(s.s3),
		.m4 = sum_lanes(s.s4),
		.min = s.lo[0],
		.max = s.hi[0] };
	for (unsigned l = 0; l < LANES; l++) {
		b->min = s.lo[l] < b->min ? s.lo[l] : b->min;
		b->max = s.hi[l] > b->max ? s.hi[l] : b->max;
		b->n_sparse += s.sparse[l];
	}
	if (fabs(mean) < SPARSE_BELOW)
		b->n_sparse -= whole - n;
	/* The mean is rounded, and may lie beyond the values that it is of. */
	if (whole > n && (b->min == mean || b->max == mean))
		find_extremes(b, x, n);
}

void moments_add(struct moments *m, const uint8_t *data, const struct span *span)
{
	const struct dtype *type = dtype_get(span->dtype);
	double x[BLOCK + LANES];
	uint32_t n_values = span->len_bytes / type->width_bytes;

	if (type->class == DTYPE_OPAQUE || type->class == DTYPE_BOOL)
		return;
	for (uint32_t at = 0; at < n_values; at += BLOCK) {
		unsigned n = n_values - at < BLOCK ? n_values - at : BLOCK;
		struct moments b;

		if (!values_get(x, data + (size_t)at * type->width_bytes, n, span->dtype,
				span->big_endian))
			return;
		n = drop_nonfinite(m, x, n);
		if (!n)
			continue;
		block_moments(&b, x, n);
		moments_merge(m, &b);
	}
}

/*
 * The formulas for two sets are those of Pébay 2008 (stats.h). m4 needs the old m3 and
 * m2, and m3 the old m2, so they are updated from the highest down; the mean comes last.
 * An empty set has neither mean nor extremes, so it is left out on either side.
 */
void moments_merge(struct moments *m, const struct moments *o)
{
	m->n_nan += o->n_nan;
	m->n_inf += o->n_inf;
	m->n_sparse += o->n_sparse;
	if (!o->n)
		return;
	if (!m->n) {
		m->n = o->n;
		m->mean = o->mean;
		m->m2 = o->m2;
		m->m3 = o->m3;
		m->m4 = o->m4;
		m->min = o->min;
		m->max = o->max;
		return;
	}

	double na = (double)m->n, nb = (double)o->n, n = na + nb;
	double d = o->mean - m->mean, dn = d / n, dn2 = dn * dn;
	double cross = d * dn * na * nb;

	m->m4 += o->m4 + cross * dn2 * (na * na - na * nb + nb * nb) +
		6 * dn2 * (na * na * o->m2 + nb * nb * m->m2) +
		4 * dn * (na * o->m3 - nb * m->m3);
	m->m3 += o->m3 + cross * dn * (na - nb) + 3 * dn * (na * o->m2 - nb * m->m2);
	m->m2 += o->m2 + cross;
	m->mean += dn * nb;
	m->n += o->n;
	m->min = o->min < m->min ? o->min : m->min;
	m->max = o->max > m->max ? o->max : m->max;
}

void moments_stats(const struct moments *m, struct alcm_stats *out)
{
	double n = (double)m->n;

	memset(out, 0, sizeof(*out));
	out->n = m->n;
	out->n_nan = m->n_nan;
	out->n_inf = m->n_inf;
	if (!m->n)
		return;
	out->mean = m->mean;
	out->variance = m->m2 / n;
	/* The paper's reference uses 1e-8 where the variance is 0. */
	out->stddev = out->variance > 0 ? sqrt(out->variance) : 1e-8;
	out->skewness = m->m3 / n / (out->stddev * out->stddev * out->stddev);
	out->kurtosis = m->m4 / n / (out->stddev * out->stddev * out->stddev * out->stddev);
	out->sparsity = (double)m->n_sparse / n;
	out->min = m->min;
	out->max = m->max;
}
