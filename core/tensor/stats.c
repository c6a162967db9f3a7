/* SPDX-License-Identifier: MIT */
/*
 * Values are converted to double in blocks that stay in the L1 cache; a block's central sums are
 * taken around its own mean in a second pass over it, then merged into the total.
 */
#include "tensor/stats.h"

#include <math.h>
#include <string.h>

#include "base/simd.h"
#include "tensor/values.h"

enum {
	BLOCK = 1024,
	LANES = 8, /* independent sums, so that the compiler can use vector registers */
};

#define SPARSE_BELOW 1e-6

/* 0 · x is NaN for NaN and Inf, 0 for all others. */
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

/* Take NaN and Inf out of a block, counting them; returns how many values are left. */
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

static double sum_lanes(const double s[LANES])
{
	double sum = 0;

	for (unsigned l = 0; l < LANES; l++)
		sum += s[l];
	return sum;
}

/* The moments of one block of n > 0 finite values. Padding repeats the mean: it adds nothing. */
SIMD_CLONES static void block_moments(struct moments *b, double *x, unsigned n)
{
	double s1[LANES] = { 0 }, s2[LANES] = { 0 }, s3[LANES] = { 0 }, s4[LANES] = { 0 };
	double lo[LANES], hi[LANES];
	uint64_t sparse[LANES] = { 0 };
	unsigned whole = (n + LANES - 1) / LANES * LANES;

	for (unsigned i = n; i < whole; i++)
		x[i] = 0;
	for (unsigned i = 0; i < whole; i += LANES) {
		for (unsigned l = 0; l < LANES; l++)
			s1[l] += x[i + l];
	}

	double mean = sum_lanes(s1) / n;

	for (unsigned i = n; i < whole; i++)
		x[i] = mean;
	for (unsigned l = 0; l < LANES; l++)
		lo[l] = hi[l] = x[l];
	for (unsigned i = 0; i < whole; i += LANES) {
		for (unsigned l = 0; l < LANES; l++) {
			double v = x[i + l], d = v - mean, d2 = d * d;

			s2[l] += d2;
			s3[l] += d2 * d;
			s4[l] += d2 * d2;
			lo[l] = v < lo[l] ? v : lo[l];
			hi[l] = v > hi[l] ? v : hi[l];
			sparse[l] += fabs(v) < SPARSE_BELOW;
		}
	}
	*b = (struct moments){ .n = n,
		.mean = mean,
		.m2 = sum_lanes(s2),
		.m3 = sum_lanes(s3),
		.m4 = sum_lanes(s4),
		.min = lo[0],
		.max = hi[0] };
	for (unsigned l = 0; l < LANES; l++) {
		b->min = lo[l] < b->min ? lo[l] : b->min;
		b->max = hi[l] > b->max ? hi[l] : b->max;
		b->n_sparse += sparse[l];
	}
	if (fabs(mean) < SPARSE_BELOW)
		b->n_sparse -= whole - n;
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
		6 * dn2 * (na * na * o->m2 + nb * nb * m->m2) + 4 * dn * (na * o->m3 - nb * m->m3);
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
	/* The paper's reference divides by 1e-8 where nothing varies. */
	out->stddev = out->variance > 0 ? sqrt(out->variance) : 1e-8;
	out->skewness = m->m3 / n / (out->stddev * out->stddev * out->stddev);
	out->kurtosis = m->m4 / n / (out->stddev * out->stddev * out->stddev * out->stddev);
	out->sparsity = (double)m->n_sparse / n;
	out->min = m->min;
	out->max = m->max;
}
