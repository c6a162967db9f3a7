/* SPDX-License-Identifier: MIT */
/*
 * The fit of the paper's gradient encoder. A pass for the channels' means gives the
 * scales. Further passes quantise the values again and count the bits of their
 * magnitudes, until the two percentiles are known exactly (order_stats.h); the values
 * never need to be sorted.
 *
 * The values are quantised once in each pass rather than kept, as a tensor may be larger
 * than memory. Numbers are bits of magnitudes: those of floats without a sign sort as
 * integers do. The 25th percentile is needed only for the cap, but both come from the
 * same passes.
 */
#include "lossy/paper.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/le.h"
#include "base/simd.h"
#include "lossy/channel_means.h"
#include "lossy/order_stats.h"
#include "tensor/values.h"

/* values at a time; even, so that pairs of components stay together */
enum { PIECE = 2048 };

static const double least_scale = 1e-8, most_pruned = 0.25;

/* In the tensor's own arithmetic, as NumPy computes it. */
static int fit_scales(const struct value_source *source, const struct lossy_shape *shape,
	struct lossy_params *p)
{
	double entropy = values_round(p->entropy, shape->dtype);
	double least = values_round(least_scale, shape->dtype);
	int err = channel_means(source, shape, p->scales);

	if (least == 0)
		least = 0x1p-24; /* float16's smallest */
	for (uint64_t i = 0; i < p->n_scales && !err; i++) {
		double scale = values_round(fabs(p->scales[i]) * entropy, shape->dtype);

		p->scales[i] = scale > least ? scale : least;
	}
	return err;
}

/* The bits of a magnitude, which sort like its value. */
static uint64_t bits_of(double magnitude, enum dtype_id dtype)
{
	uint8_t bytes[8] = { 0 };

	if (dtype == DTYPE_F32) {
		float f = (float)magnitude;
		uint32_t bits;

		memcpy(&bits, &f, sizeof(bits));
		return bits;
	}
	values_put(bytes, &magnitude, 1, dtype, false);
	return le_get64(bytes);
}

static double magnitude_of(uint64_t bits, enum dtype_id dtype)
{
	uint8_t bytes[8];
	double magnitude = 0;

	for (unsigned i = 0; i < 8; i++)
		bytes[i] = (uint8_t)(bits >> 8 * i);
	(void)values_get(&magnitude, bytes, 1, dtype, false);
	return magnitude;
}

/*
 * The search for percentiles p and 25 of |q|, per component. Each lies between two ranks.
 */
struct search {
	enum dtype_id dtype;
	unsigned n_components;
	uint64_t n[LOSSY_MAX_COMPONENTS]; /* finite magnitudes; counted in the first pass */
	struct order_stats *orders[LOSSY_MAX_COMPONENTS];
};

/* The bits of |q| of float32; vectorises. False: some are not finite. */
SIMD_CLONES static bool all_bits(const double *q, uint32_t n, uint64_t *numbers)
{
	uint32_t beyond = 0;

	for (uint32_t i = 0; i < n; i++) {
		float f = (float)q[i];
		uint32_t bits;

		memcpy(&bits, &f, sizeof(bits));
		bits &= 0x7fffffff;
		beyond |= bits >= 0x7f800000;
		numbers[i] = bits;
	}
	return !beyond;
}

/* The bits of one component's finite |q|; returns how many. */
static uint32_t finite_bits(const double *q, uint32_t n, unsigned component,
	const struct search *s, uint64_t *numbers)
{
	uint32_t kept = 0;

	if (s->dtype == DTYPE_F32 && s->n_components == 1 && all_bits(q, n, numbers))
		return n;
	for (uint32_t i = component; i < n; i += s->n_components) {
		if (isfinite(q[i]))
			numbers[kept++] = bits_of(fabs(q[i]), s->dtype);
	}
	return kept;
}

/*
 * Zeros are 0 on any grid, so they are counted at once: an even number, or up to the end.
 */
static uint64_t skip_zeros(const struct value_source *source, uint64_t at,
	struct search *s)
{
	uint64_t n = lossy_zeros_at(source, at) / 2 * 2;

	for (unsigned c = 0; c < s->n_components && n; c++) {
		order_count_zeros(s->orders[c], n / s->n_components);
		s->n[c] += n / s->n_components;
	}
	return n;
}

/* Count every |q| that is finite, for one pass of the searches. */
static int count_magnitudes(const struct value_source *source,
	const struct lossy_shape *shape, const struct lossy_params *p, struct search *s)
{
	struct scale_walk walk = scale_walk_from(p, shape, 0);
	double x[PIECE], q[PIECE];
	uint64_t numbers[PIECE];

	s->n[0] = s->n[1] = 0;
	for (uint64_t at = 0, n; at < source->n_values; at += n) {
		int err;

		n = skip_zeros(source, at, s);
		if (n) {
			walk = scale_walk_from(p, shape, at + n);
			continue;
		}
		n = min_u64(PIECE, source->n_values - at);
		err = source->read(source->ctx, at, (uint32_t)n, x);
		if (err)
			return err;
		scale_walk_quantise(&walk, x, q, (uint32_t)n);
		/* Pieces have an even length, so each begins with the first component. */
		for (unsigned c = 0; c < s->n_components; c++) {
			uint32_t kept = finite_bits(q, (uint32_t)n, c, s, numbers);

			order_count(s->orders[c], numbers, kept);
			s->n[c] += kept;
		}
	}
	return 0;
}

/* The rank of numpy.percentile(…, 100·share) among n sorted values: with n = 5 and a
   share of 0.3 it is 1.2, a fifth of the way from the second to the third. Multiplying
   and dividing by 100 rounds as NumPy does. */
static double virtual_rank(double share, uint64_t n)
{
	return (double)(n - 1) * (100 * share / 100);
}

/* Called after the first pass, when the number of values is known. */
static void set_ranks(const struct search *s, unsigned component, double share)
{
	uint64_t n = s->n[component], ranks[ORDER_MAX_RANKS] = { 0 };
	const double shares[] = { share, most_pruned };

	for (unsigned i = 0; i < 2 && n; i++) {
		uint64_t low = (uint64_t)virtual_rank(shares[i], n);

		ranks[2 * i] = low;
		ranks[2 * i + 1] = low + 1 < n ? low + 1 : low;
	}
	order_set_ranks(s->orders[component], ranks, ORDER_MAX_RANKS);
}

/* NumPy's interpolation between the two ranks of a percentile; `*n_dropped`: values not
   above it. */
static double percentile(const struct search *s, unsigned component, unsigned no,
	double share, uint64_t *n_dropped)
{
	const struct order_stats *o = s->orders[component];
	double rank = virtual_rank(share, s->n[component]), t = rank - floor(rank);
	double a = magnitude_of(order_value(o, 2 * no), s->dtype);
	double b = magnitude_of(order_value(o, 2 * no + 1), s->dtype);
	double v = t >= 0.5 ? b - (b - a) * (1 - t) : a + (b - a) * t;

	*n_dropped = order_not_larger(o, v < b ? 2 * no : 2 * no + 1);
	return v;
}

/* At most a quarter is pruned, whatever p says: many equal values can make it more. */
static void set_threshold(const struct search *s, unsigned component,
	struct lossy_params *p)
{
	uint64_t n_dropped;

	if (!s->n[component])
		return;
	p->thresholds[component] = percentile(s, component, 0, p->prune_share, &n_dropped);
	if ((double)n_dropped <= most_pruned * (double)s->n[component])
		return;
	p->capped = true;
	p->thresholds[component] = percentile(s, component, 1, most_pruned, &n_dropped);
}

/* Each pass reads all values; it ends when both components have their ranks. */
static int search_percentiles(const struct value_source *source,
	const struct lossy_shape *shape, const struct lossy_params *p, struct search *s)
{
	bool done = false;

	for (unsigned pass = 0; !done; pass++) {
		int err = count_magnitudes(source, shape, p, s);

		if (err)
			return err;
		done = true;
		for (unsigned c = 0; c < shape->n_components; c++) {
			if (!pass)
				set_ranks(s, c, p->prune_share);
			order_next(s->orders[c]);
			done &= order_done(s->orders[c]);
		}
	}
	return s->n[0] || s->n[1] ? 0 : -ENODATA;
}

static int fit_thresholds(const struct value_source *source,
	const struct lossy_shape *shape, struct lossy_params *p)
{
	struct search s = { .dtype = shape->dtype, .n_components = shape->n_components };
	int err = 0;

	for (unsigned c = 0; c < shape->n_components && !err; c++) {
		s.orders[c] = order_new(8u * dtype_get(shape->dtype)->width_bytes,
			source->n_values);
		err = s.orders[c] ? 0 : -ENOMEM;
	}
	if (!err)
		err = search_percentiles(source, shape, p, &s);
	for (unsigned c = 0; c < shape->n_components; c++) {
		if (!err)
			set_threshold(&s, c, p);
		order_free(s.orders[c]);
	}
	return err;
}

int paper_fit(const struct value_source *source, const struct lossy_shape *shape,
	double entropy, double prune_share, struct lossy_params *out)
{
	struct lossy_params p = {
		.entropy = entropy,
		.prune_share = prune_share,
		.n_scales = lossy_n_scales(shape),
	};
	int err;

	p.scales = mem_zalloc(p.n_scales, sizeof(double));
	if (!p.scales)
		return -ENOMEM;
	err = fit_scales(source, shape, &p) ?: fit_thresholds(source, shape, &p);
	if (err) {
		lossy_params_release(&p);
		return err;
	}
	*out = p;
	return 0;
}
