/* SPDX-License-Identifier: MIT */
/*
 * Quantising and pruning values by parameters that a fit has found. The scale of a value
 * depends on its position; a walk steps through scales without a division per value.
 *
 *   scale 0.1, threshold 0.15:   x  0.234  −0.07  0.04   NaN
 *                                q  0.2    −0.1   0.0    –
 *                                y  0.2    −0.0   0.0    false: the piece stays as it is
 *
 * A file can be quantised more than once: a chunk that was written since has new values
 * among old ones. `again` keeps the old ones, or each pass could move them once more.
 */
#include "lossy/lossy_apply.h"

#include <float.h>
#include <math.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/simd.h"
#include "lossy/quantise_values.h"
#include "tensor/values.h"

/*
 * Whether x is a rounded multiple of the scale. Only neighbours of x / scale can give it.
 */
static bool on_grid(double x, double scale, enum dtype_id dtype)
{
	double k = values_rint(x / scale);

	for (double j = k - 1; j <= k + 1; j++) {
		if (values_round(j * scale, dtype) == x)
			return true;
	}
	return false;
}

struct scale_walk scale_walk_from(const struct lossy_params *p,
	const struct lossy_shape *s, uint64_t first)
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

/* The scale of the next value; the walk advances. */
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

/* In C order a channel is a run with one scale, which vectorises. */
void scale_walk_quantise(struct scale_walk *w, const double *x, double *q, uint32_t n)
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

/* Keep values that are on the grid already. */
static void keep_on_grid(const struct lossy_params *p, const struct lossy_shape *shape,
	uint64_t first, const double *x, double *q, uint32_t n)
{
	struct scale_walk walk = scale_walk_from(p, shape, first);

	for (uint32_t i = 0; i < n; i++) {
		if (on_grid(x[i], next_scale(&walk), shape->dtype))
			q[i] = x[i];
	}
}

/* Prune q of one component. False: a value isn't finite, or is further from x than the
   bound. */
SIMD_CLONES static bool prune(const double *x, double *q, uint32_t n, double threshold,
	double bound)
{
	uint64_t bad = 0;

	if (!(bound > 0))
		bound = DBL_MAX; /* fails for infinities and NaN only */
	for (uint32_t i = 0; i < n; i++) {
		bad |= !(fabs(q[i]) <= DBL_MAX);
		/* Without pruning, −0 becomes 0 by + 0.0. With it, the product keeps the sign. */
		q[i] = fabs(q[i]) > threshold ? q[i] + 0.0 : q[i] * 0;
		bad |= !(fabs(x[i] - q[i]) <= bound);
	}
	return !bad;
}

/* The same for alternating components. */
static bool finish(const struct lossy_params *p, const struct lossy_shape *shape,
	uint64_t first, const double *x, double *q, uint32_t n)
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

bool lossy_apply(const struct lossy_params *p, const struct lossy_shape *shape,
	uint64_t first, uint32_t n, const double *x, double *y, bool again)
{
	struct scale_walk walk = scale_walk_from(p, shape, first);

	scale_walk_quantise(&walk, x, y, n);
	if (again)
		keep_on_grid(p, shape, first, x, y, n);
	return finish(p, shape, first, x, y, n);
}

void lossy_params_release(struct lossy_params *p)
{
	mem_free(p->scales);
	*p = (struct lossy_params){ 0 };
}
