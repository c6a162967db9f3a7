/* SPDX-License-Identifier: MIT */
#include "lossy/paper.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "lossy/channel_means.h"
#include "lossy/order_stats.h"
#include "tensor/values.h"

enum { PIECE = 4096 }; /* values looked at at a time */

static const double least_scale = 1e-8, most_pruned = 0.25;

/* ---- the formula ----------------------------------------------------------------------------- */

static double quantise(double x, double scale, enum dtype_id dtype)
{
	return values_round(rint(values_round(x / scale, dtype)) * scale, dtype);
}

/* Is x what some number of scales gives? Only the neighbours of x / scale can. */
static bool on_grid(double x, double scale, enum dtype_id dtype)
{
	double k = rint(x / scale);

	for (double j = k - 1; j <= k + 1; j++) {
		if (values_round(j * scale, dtype) == x)
			return true;
	}
	return false;
}

/* The scale of consecutive values, without a division for each. */
struct scale_walk {
	const struct lossy_shape *shape;
	const double *scales;
	uint64_t channel, within;
	unsigned component;
};

static struct scale_walk walk_from(const struct paper_params *p, const struct lossy_shape *s,
	uint64_t first)
{
	uint64_t element = first / s->n_components;
	uint64_t period = s->fortran_order ? s->n_channels : s->channel_len;

	return (struct scale_walk){
		.shape = s,
		.scales = p->scales,
		.component = (unsigned)(first % s->n_components),
		.channel = s->fortran_order ? element % period : element / period,
		.within = element % period,
	};
}

static double next_scale(struct scale_walk *w)
{
	const struct lossy_shape *s = w->shape;
	double scale = w->scales[w->channel * s->n_components + w->component];

	if (++w->component < s->n_components)
		return scale;
	w->component = 0;
	if (s->fortran_order) {
		w->channel = w->channel + 1 < s->n_channels ? w->channel + 1 : 0;
	} else if (++w->within == s->channel_len) {
		w->within = 0;
		w->channel++;
	}
	return scale;
}

bool paper_apply(const struct paper_params *p, const struct lossy_shape *shape, uint64_t first,
	uint32_t n, const double *x, double *y, bool again)
{
	struct scale_walk walk = walk_from(p, shape, first);
	bool too_far = false;
	double check = 0;

	for (uint32_t i = 0; i < n; i++) {
		double threshold = p->thresholds[walk.component],
		       bound = p->bounds[walk.component];
		double scale = next_scale(&walk);
		double q = quantise(x[i], scale, shape->dtype);

		if (again && on_grid(x[i], scale, shape->dtype))
			q = x[i];
		check += q * 0;
		y[i] = fabs(q) > threshold ? q : q * 0;
		too_far |= bound > 0 && !(fabs(x[i] - y[i]) <= bound);
	}
	return check == 0 && !too_far;
}

/* ---- fitting ---------------------------------------------------------------------------------- */

static int fit_scales(const struct value_source *source, const struct lossy_shape *shape,
	struct paper_params *p)
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

static uint64_t bits_of(double magnitude, enum dtype_id dtype)
{
	uint8_t bytes[8] = { 0 };
	uint64_t bits = 0;

	values_put(bytes, &magnitude, 1, dtype, false);
	for (unsigned i = 8; i-- > 0;)
		bits = bits << 8 | bytes[i];
	return bits;
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

/* Call `each` with |q| of every value whose q is finite; per component. */
typedef void (*magnitude_fn)(void *ctx, unsigned component, double magnitude);

static int for_magnitudes(const struct value_source *source, const struct lossy_shape *shape,
	const struct paper_params *p, magnitude_fn each, void *ctx)
{
	AUTO_FREE double *x = mem_zalloc(PIECE, sizeof(double));
	struct scale_walk walk = walk_from(p, shape, 0);

	if (!x)
		return -ENOMEM;
	for (uint64_t at = 0; at < source->n_values; at += PIECE) {
		uint32_t n = (uint32_t)min_u64(PIECE, source->n_values - at);
		int err = source->read(source->ctx, at, n, x);

		if (err)
			return err;
		for (uint32_t i = 0; i < n; i++) {
			unsigned component = walk.component;
			double q = quantise(x[i], next_scale(&walk), shape->dtype);

			if (isfinite(q))
				each(ctx, component, fabs(q));
		}
	}
	return 0;
}

/* Percentiles p and 25, each between two neighbouring ranks. */
struct search {
	enum dtype_id dtype;
	uint64_t n[PAPER_MAX_COMPONENTS];
	struct order_stats *orders[PAPER_MAX_COMPONENTS];
};

static void count_one(void *ctx, unsigned component, double magnitude)
{
	struct search *s = ctx;

	(void)magnitude;
	s->n[component]++;
}

static void order_one(void *ctx, unsigned component, double magnitude)
{
	struct search *s = ctx;

	if (s->orders[component])
		order_count(s->orders[component], bits_of(magnitude, s->dtype));
}

/* Where numpy.percentile(…, 100·share) lies among n sorted values. */
static double virtual_rank(double share, uint64_t n)
{
	return (double)(n - 1) * (100 * share / 100);
}

static int start_order(struct search *s, unsigned component, double share)
{
	uint64_t n = s->n[component], ranks[ORDER_MAX_RANKS];
	const double shares[] = { share, most_pruned };

	if (!n)
		return 0;
	for (unsigned i = 0; i < 2; i++) {
		uint64_t low = (uint64_t)virtual_rank(shares[i], n);

		ranks[2 * i] = low;
		ranks[2 * i + 1] = low + 1 < n ? low + 1 : low;
	}
	s->orders[component] = order_new(8u * dtype_get(s->dtype)->width_bytes, ranks,
		ORDER_MAX_RANKS);
	return s->orders[component] ? 0 : -ENOMEM;
}

/* numpy's interpolation between the two ranks of a percentile; how many are not above it. */
static double percentile(const struct search *s, unsigned component, unsigned no, double share,
	uint64_t *n_dropped)
{
	const struct order_stats *o = s->orders[component];
	double rank = virtual_rank(share, s->n[component]), t = rank - floor(rank);
	double a = magnitude_of(order_value(o, 2 * no), s->dtype);
	double b = magnitude_of(order_value(o, 2 * no + 1), s->dtype);
	double v = t >= 0.5 ? b - (b - a) * (1 - t) : a + (b - a) * t;

	*n_dropped = order_not_larger(o, v < b ? 2 * no : 2 * no + 1);
	return v;
}

static void set_threshold(const struct search *s, unsigned component, struct paper_params *p)
{
	uint64_t n_dropped;

	if (!s->orders[component])
		return;
	p->thresholds[component] = percentile(s, component, 0, p->prune_share, &n_dropped);
	if ((double)n_dropped <= most_pruned * (double)s->n[component])
		return;
	p->capped = true;
	p->thresholds[component] = percentile(s, component, 1, most_pruned, &n_dropped);
}

static int fit_thresholds(const struct value_source *source, const struct lossy_shape *shape,
	struct paper_params *p)
{
	struct search s = { .dtype = shape->dtype };
	unsigned passes = order_passes(8u * dtype_get(shape->dtype)->width_bytes);
	int err = for_magnitudes(source, shape, p, count_one, &s);

	for (unsigned c = 0; c < shape->n_components && !err; c++)
		err = start_order(&s, c, p->prune_share);
	for (unsigned pass = 0; pass < passes && !err; pass++) {
		err = for_magnitudes(source, shape, p, order_one, &s);
		for (unsigned c = 0; c < shape->n_components; c++) {
			if (s.orders[c])
				order_next(s.orders[c]);
		}
	}
	if (!err && !s.n[0] && !s.n[1])
		err = -ENODATA;
	for (unsigned c = 0; c < shape->n_components; c++) {
		if (!err)
			set_threshold(&s, c, p);
		order_free(s.orders[c]);
	}
	return err;
}

int paper_fit(const struct value_source *source, const struct lossy_shape *shape, double entropy,
	double prune_share, struct paper_params *out)
{
	struct paper_params p = {
		.entropy = entropy,
		.prune_share = prune_share,
		.n_scales = lossy_n_scales(shape),
	};
	int err;

	p.scales = mem_zalloc(p.n_scales, sizeof(double));
	if (!p.scales)
		return -ENOMEM;
	err = fit_scales(source, shape, &p);
	if (!err)
		err = fit_thresholds(source, shape, &p);
	if (err) {
		paper_release(&p);
		return err;
	}
	*out = p;
	return 0;
}

void paper_release(struct paper_params *p)
{
	mem_free(p->scales);
	*p = (struct paper_params){ 0 };
}
