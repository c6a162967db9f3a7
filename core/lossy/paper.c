/* SPDX-License-Identifier: MIT */
#include "lossy/paper.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/le.h"
#include "base/simd.h"
#include "lossy/channel_means.h"
#include "lossy/order_stats.h"
#include "lossy/quantise_values.h"
#include "tensor/values.h"

enum { PIECE = 2048 }; /* values looked at at a time */

static const double least_scale = 1e-8, most_pruned = 0.25;

/* ---- the formula ----------------------------------------------------------------------------- */

/* Is x what some number of scales gives? Only the neighbours of x / scale can. */
static bool on_grid(double x, double scale, enum dtype_id dtype)
{
	double k = values_rint(x / scale);

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

/* q of the next n values, whatever scales they have. */
static void quantise_next(struct scale_walk *w, const double *x, double *q, uint32_t n)
{
	const struct lossy_shape *s = w->shape;

	if (s->fortran_order || s->n_components > 1) {
		for (uint32_t i = 0; i < n; i++)
			q[i] = quantise_value(x[i], next_scale(w), s->dtype);
		return;
	}
	while (n) {
		uint32_t run = (uint32_t)min_u64(n, s->channel_len - w->within);

		quantise_values(x, q, run, w->scales[w->channel], s->dtype);
		w->within += run;
		if (w->within == s->channel_len) {
			w->within = 0;
			w->channel++;
		}
		x += run;
		q += run;
		n -= run;
	}
}

/* Values that are on the grid already stay. */
static void keep_on_grid(const struct paper_params *p, const struct lossy_shape *shape,
	uint64_t first, const double *x, double *q, uint32_t n)
{
	struct scale_walk walk = walk_from(p, shape, first);

	for (uint32_t i = 0; i < n; i++) {
		if (on_grid(x[i], next_scale(&walk), shape->dtype))
			q[i] = x[i];
	}
}

/* Prune q of one component; false when some value isn't finite, or further from x than the bound. */
SIMD_CLONES static bool prune(const double *x, double *q, uint32_t n, double threshold,
	double bound)
{
	uint64_t bad = 0;

	if (!(bound > 0))
		bound = DBL_MAX; /* infinities and NaN are no nearer than that */
	for (uint32_t i = 0; i < n; i++) {
		bad |= !(fabs(q[i]) <= DBL_MAX);
		/* Where nothing is pruned −0 is no value of its own: + 0.0 makes it 0. */
		q[i] = fabs(q[i]) > threshold ? q[i] + 0.0 : q[i] * 0;
		bad |= !(fabs(x[i] - q[i]) <= bound);
	}
	return !bad;
}

/* The same of components that take turns. */
static bool finish(const struct paper_params *p, const struct lossy_shape *shape, uint64_t first,
	const double *x, double *q, uint32_t n)
{
	bool fine = true;

	if (shape->n_components == 1)
		return prune(x, q, n, p->thresholds[0], p->bounds[0]);
	for (uint32_t i = 0; i < n; i++) {
		unsigned component = (unsigned)((first + i) % shape->n_components);

		fine &= prune(x + i, q + i, 1, p->thresholds[component], p->bounds[component]);
	}
	return fine;
}

bool paper_apply(const struct paper_params *p, const struct lossy_shape *shape, uint64_t first,
	uint32_t n, const double *x, double *y, bool again)
{
	struct scale_walk walk = walk_from(p, shape, first);

	quantise_next(&walk, x, y, n);
	if (again)
		keep_on_grid(p, shape, first, x, y, n);
	return finish(p, shape, first, x, y, n);
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

/* Bits that sort as the magnitude does. */
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

/* Percentiles p and 25 of |q|, each between two neighbouring ranks; per component. */
struct search {
	enum dtype_id dtype;
	unsigned n_components;
	uint64_t n[PAPER_MAX_COMPONENTS]; /* finite magnitudes; counted in the first pass */
	struct order_stats *orders[PAPER_MAX_COMPONENTS];
};

/* The bits of |q| of float32, a loop that vectorises. False: some are not finite. */
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

/* The bits of one component's |q| that are finite; returns how many those are. */
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

/* Zeros are 0 on any grid: count them without looking at each. An even number, or up to the end. */
static uint64_t skip_zeros(const struct value_source *source, uint64_t at, struct search *s)
{
	uint64_t n = lossy_zeros_at(source, at) / 2 * 2;

	for (unsigned c = 0; c < s->n_components && n; c++) {
		order_count_zeros(s->orders[c], n / s->n_components);
		s->n[c] += n / s->n_components;
	}
	return n;
}

/* Count every |q| that is finite, for one pass of the searches. */
static int count_magnitudes(const struct value_source *source, const struct lossy_shape *shape,
	const struct paper_params *p, struct search *s)
{
	struct scale_walk walk = walk_from(p, shape, 0);
	double x[PIECE], q[PIECE];
	uint64_t numbers[PIECE];

	s->n[0] = s->n[1] = 0;
	for (uint64_t at = 0, n; at < source->n_values; at += n) {
		int err;

		n = skip_zeros(source, at, s);
		if (n) {
			walk = walk_from(p, shape, at + n);
			continue;
		}
		n = min_u64(PIECE, source->n_values - at);
		err = source->read(source->ctx, at, (uint32_t)n, x);
		if (err)
			return err;
		quantise_next(&walk, x, q, (uint32_t)n);
		/* Pieces begin with the first component, since they have an even length. */
		for (unsigned c = 0; c < s->n_components; c++) {
			uint32_t kept = finite_bits(q, (uint32_t)n, c, s, numbers);

			order_count(s->orders[c], numbers, kept);
			s->n[c] += kept;
		}
	}
	return 0;
}

/* Where numpy.percentile(…, 100·share) lies among n sorted values. */
static double virtual_rank(double share, uint64_t n)
{
	return (double)(n - 1) * (100 * share / 100);
}

/* Once it is known how many there are. */
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

	if (!s->n[component])
		return;
	p->thresholds[component] = percentile(s, component, 0, p->prune_share, &n_dropped);
	if ((double)n_dropped <= most_pruned * (double)s->n[component])
		return;
	p->capped = true;
	p->thresholds[component] = percentile(s, component, 1, most_pruned, &n_dropped);
}

static int search_percentiles(const struct value_source *source, const struct lossy_shape *shape,
	const struct paper_params *p, struct search *s)
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

static int fit_thresholds(const struct value_source *source, const struct lossy_shape *shape,
	struct paper_params *p)
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
