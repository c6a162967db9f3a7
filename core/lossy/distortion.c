/* SPDX-License-Identifier: MIT */
/*
 * Sums of the error that a lossy profile made. Sums over parts merge into those of the
 * whole; figures such as PSNR are computed from them at the end:
 *
 *   mse = Σ(x−y)² / n         relative L2 = √(Σ(x−y)² / Σx²)
 *   mae = Σ|x−y| / n          PSNR = 10 log10((max x − min x)² / mse), ∞ without error
 *
 * They are stored in the blob's lossy section (docs/format.md, section 2.6), since the
 * values before aren't kept anywhere. x is finite here: chunks with NaN or Inf stay as
 * they are and aren't added.
 */
#include "lossy/distortion.h"

#include <math.h>

void distortion_add(struct distortion *d, const double *x, const double *y, uint32_t n)
{
	struct distortion new = { .n = n };

	if (!n)
		return;
	new.min = new.max = x[0];
	for (uint32_t i = 0; i < n; i++) {
		double error = fabs(x[i] - y[i]);

		new.n_pruned += x[i] != 0 && y[i] == 0;
		new.sq_error += error *error;
		new.abs_error += error;
		new.sq_value += x[i] * x[i];
		new.max_error = error > new.max_error ? error : new.max_error;
		new.min = x[i] < new.min ? x[i] : new.min;
		new.max = x[i] > new.max ? x[i] : new.max;
	}
	distortion_merge(d, &new);
}

void distortion_merge(struct distortion *d, const struct distortion *o)
{
	if (!o->n)
		return;
	if (!d->n) {
		*d = *o;
		return;
	}
	d->n += o->n;
	d->n_pruned += o->n_pruned;
	d->sq_error += o->sq_error;
	d->abs_error += o->abs_error;
	d->sq_value += o->sq_value;
	d->max_error = fmax(d->max_error, o->max_error);
	d->min = fmin(d->min, o->min);
	d->max = fmax(d->max, o->max);
}

void distortion_figures(const struct distortion *d, struct alcm_distortion *out)
{
	double n = (double)d->n, range = d->max - d->min;

	*out = (struct alcm_distortion){ .n_values = d->n };
	if (!d->n)
		return;
	out->pruned_share = (double)d->n_pruned / n;
	out->mse = d->sq_error / n;
	out->mae = d->abs_error / n;
	out->max_error = d->max_error;
	out->relative_l2 = d->sq_value > 0 ? sqrt(d->sq_error / d->sq_value) : 0;
	out->psnr_db = out->mse > 0 ? 10 * log10(range * range / out->mse) : (double)INFINITY;
}
