/* SPDX-License-Identifier: MIT */
/*
 * The grid that keeps a bound on every error. One pass finds the range of each component.
 * Rounding to the nearest multiple of a step errs by half a step at most, and rounding
 * that to the tensor's type adds half a unit in the last place; the step leaves room for
 * both.
 *
 *   step / 2 + ulp(largest + bound) / 2 ≤ bound
 *
 * For float32 values up to 1 and a bound of 0.001: ulp(1.001) = 2^-23, so the step is
 * 0.002 less 1.2e-7. For bfloat16 ulp(1.001) / 2 is 2^-8, more than the bound: no step
 * keeps it, and the tensor stays as it is (-ENODATA).
 *
 * The bound is checked again for each value when it is applied (lossy_apply.c), so it
 * doesn't rest on this arithmetic alone.
 */
#include "lossy/bounded.h"

#include <errno.h>
#include <math.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "tensor/values.h"

enum { PIECE = 4096 };

struct range {
	double min, max;
	bool any;
};

static void add_to_range(struct range *r, double x)
{
	r->min = !r->any || x < r->min ? x : r->min;
	r->max = !r->any || x > r->max ? x : r->max;
	r->any = true;
}

/* Holes count as zeros once per component; their number doesn't matter for a range. */
static int find_ranges(const struct value_source *source, unsigned n_components,
	struct range ranges[LOSSY_MAX_COMPONENTS])
{
	AUTO_FREE double *x = mem_zalloc(PIECE, sizeof(double));

	if (!x)
		return -ENOMEM;
	for (uint64_t at = 0, n; at < source->n_values; at += n) {
		int err;

		n = lossy_zeros_at(source, at);
		for (uint64_t c = 0; c < min_u64(n, n_components); c++)
			add_to_range(&ranges[(at + c) % n_components], 0);
		if (n)
			continue;
		n = min_u64(PIECE, source->n_values - at);
		err = source->read(source->ctx, at, (uint32_t)n, x);
		if (err)
			return err;
		for (uint32_t i = 0; i < n; i++)
			if (isfinite(x[i]))
				add_to_range(&ranges[(at + i) % n_components], x[i]);
	}
	return 0;
}

/* The largest step, in the tensor's type, that keeps the bound for values up to
   `largest`; 0: none does. */
static double step_for(double bound, double largest, enum dtype_id dtype)
{
	int bits = dtype_get(dtype)->mantissa_bits, exponent;
	double rounding, step;

	(void)frexp(largest + bound, &exponent);
	rounding = ldexp(1, exponent - 1 - bits) / 2;
	step = 2 * (bound - rounding);
	if (!(step > 0) || !isfinite(step))
		return 0;
	/*
	 * Rounding to the type may have enlarged it; then go back one unit in the last place.
	 */
	if (values_round(step, dtype) > step)
		step *= 1 - ldexp(1, -bits);
	step = values_round(step, dtype);
	return step <= 2 * (bound - rounding) ? step : 0;
}

int bounded_fit(const struct value_source *source, const struct lossy_shape *shape,
	double bound, bool relative, struct lossy_params *out)
{
	struct range ranges[LOSSY_MAX_COMPONENTS] = { { 0 } };
	struct lossy_params p = { .n_scales = shape->n_components };
	int err = find_ranges(source, shape->n_components, ranges);

	if (err)
		return err;
	p.scales = mem_zalloc(p.n_scales, sizeof(double));
	if (!p.scales)
		return -ENOMEM;
	for (unsigned c = 0; c < shape->n_components; c++) {
		const struct range *r = &ranges[c];

		p.bounds[c] = relative ? bound * (r->max - r->min) : bound;
		p.thresholds[c] = LOSSY_KEEP_ALL;
		p.scales[c] = r->any ? step_for(p.bounds[c], fmax(-r->min, r->max), shape->dtype)
							 : 0;
		if (!(p.scales[c] > 0)) {
			lossy_params_release(&p);
			return -ENODATA;
		}
	}
	*out = p;
	return 0;
}
