/* SPDX-License-Identifier: MIT */
/*
 * Finding the one step whose squared error equals that of the paper's per-channel scales.
 * The error of a step is known in theory for uniform errors; a few tries, each scaled by
 * the error that the last one made, come close to it. At most MAX_PIECES pieces are
 * looked at in a try.
 *
 *   step 0 = √(12 · allowed / n)            if errors were uniform
 *   step k + 1 = step k · √(allowed / made · 0.9975)
 *
 * An error is about proportional to the square of its step, so the root of the ratio is
 * the right factor; 0.9975 aims at the middle of what is close enough. Zeros make no
 * error with any step, so they don't count in n. The result is the largest step that was
 * seen to keep the error, not the last one: near the end tries may overshoot.
 */
#include "lossy/uniform.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/simd.h"
#include "lossy/quantise_values.h"

enum {
	PIECE = 4096,
	MAX_PIECES = 1024, /* pieces read in each try */
	TRIES = 8,
};

static const double close_enough = 0.995; /* of the allowed error */

/* Squared errors of one component: that of the paper's values, and that of a step. */
struct error {
	double allowed, made, step;
	uint64_t n_coded; /* values that are not 0 */
};

struct trial {
	const struct value_source *source;
	const struct lossy_shape *shape;
	const struct lossy_params *paper;
	struct error errors[LOSSY_MAX_COMPONENTS];
	double x[PIECE], y[PIECE];
};

typedef double lanes_f64 __attribute__((vector_size(64)));

/* Σ(x−y)², in eight partial sums. */
SIMD_CLONES static double sum_squares(const double *x, const double *y, uint32_t n)
{
	lanes_f64 sums = { 0 }, a, b;
	double sum = 0;
	uint32_t i = 0;

	for (; i + 8 <= n; i += 8) {
		memcpy(&a, x + i, sizeof(a));
		memcpy(&b, y + i, sizeof(b));
		a -= b;
		sums += a * a;
	}
	for (; i < n; i++)
		sum += (x[i] - y[i]) * (x[i] - y[i]);
	return sum + sums[0] + sums[1] + sums[2] + sums[3] + sums[4] + sums[5] + sums[6] +
		sums[7];
}

/* The squared error of one component, without NaN and Inf. */
static double square_error(const struct trial *t, unsigned component, uint32_t n)
{
	double sum = 0;

	if (t->shape->n_components == 1) {
		sum = sum_squares(t->x, t->y, n);
		if (isfinite(sum))
			return sum;
		sum = 0;
	}
	for (uint32_t i = component; i < n; i += t->shape->n_components) {
		double d = t->x[i] - t->y[i];

		sum += isfinite(d) ? d * d : 0;
	}
	return sum;
}

/* Count the values that are not 0; vectorises. */
SIMD_CLONES static uint64_t count_nonzero_all(const double *x, uint32_t n)
{
	uint64_t count = 0;

	for (uint32_t i = 0; i < n; i++)
		count += x[i] != 0;
	return count;
}

static uint64_t count_nonzero(const struct trial *t, unsigned component, uint32_t n)
{
	uint64_t count = 0;

	if (t->shape->n_components == 1)
		return count_nonzero_all(t->x, n);
	for (uint32_t i = component; i < n; i += t->shape->n_components)
		count += t->x[i] != 0;
	return count;
}

/* Add the error of the paper's values in this piece, and the number of values that are
   not 0. */
static void add_allowed(struct trial *t, uint64_t first, uint32_t n)
{
	if (!lossy_apply(t->paper, t->shape, first, n, t->x, t->y, false))
		return; /* NaN or Inf in the piece: its chunk will stay as it is */
	for (unsigned c = 0; c < t->shape->n_components; c++) {
		t->errors[c].allowed += square_error(t, c, n);
		t->errors[c].n_coded += count_nonzero(t, c, n);
	}
}

/* Add the error of the present steps. Pieces have an even length, so each begins with the
   first component. */
static void add_made(struct trial *t, uint64_t first, uint32_t n)
{
	const struct lossy_shape *s = t->shape;

	(void)first;
	if (s->n_components == 1)
		quantise_values(t->x, t->y, n, t->errors[0].step, s->dtype);
	for (uint32_t i = 0; i < n && s->n_components > 1; i++)
		t->y[i] = quantise_value(t->x[i], t->errors[i % s->n_components].step, s->dtype);
	for (unsigned c = 0; c < s->n_components; c++)
		t->errors[c].made += square_error(t, c, n);
}

/* Visit pieces spread over the tensor, or all if there are few. */
static int for_pieces(struct trial *t,
	void (*each)(struct trial *t, uint64_t first, uint32_t n))
{
	uint64_t n_pieces = (t->source->n_values + PIECE - 1) / PIECE;
	uint64_t stride = (n_pieces + MAX_PIECES - 1) / MAX_PIECES;

	for (uint64_t k = 0; k < n_pieces; k += stride) {
		uint64_t first = k * PIECE;
		uint32_t n = (uint32_t)min_u64(PIECE, t->source->n_values - first);
		int err = t->source->read(t->source->ctx, first, n, t->x);

		if (err)
			return err;
		each(t, first, n);
	}
	return 0;
}

/* Errors uniform in ± step / 2 have a mean square of step² / 12. */
static double first_step(const struct error *e, enum dtype_id dtype)
{
	return e->n_coded ? values_round(sqrt(12 * e->allowed / (double)e->n_coded), dtype)
					  : 0;
}

/* Approach the step by the errors that steps make; `best[c]` is the largest that was
   allowed. */
static int search(struct trial *t, double best[LOSSY_MAX_COMPONENTS])
{
	enum dtype_id dtype = t->shape->dtype;

	for (unsigned k = 0; k < TRIES; k++) {
		bool done = true;
		int err;

		for (unsigned c = 0; c < t->shape->n_components; c++)
			t->errors[c].made = 0;
		err = for_pieces(t, add_made);
		if (err)
			return err;
		for (unsigned c = 0; c < t->shape->n_components; c++) {
			struct error *e = &t->errors[c];
			double capacity = e->made > 0 ? e->allowed / e->made : 4;

			if (capacity >= 1 && e->step > best[c])
				best[c] = e->step;
			done &= capacity >= 1 && capacity * close_enough < 1;
			e->step = values_round(e->step * sqrt(capacity * (1 + close_enough) / 2),
				dtype);
		}
		if (done)
			break;
	}
	return 0;
}

int uniform_fit(const struct value_source *source, const struct lossy_shape *paper_shape,
	const struct lossy_params *paper, struct lossy_params *out)
{
	struct lossy_params p = { .entropy = paper->entropy,
		.prune_share = paper->prune_share };
	double best[LOSSY_MAX_COMPONENTS] = { 0 };
	AUTO_FREE struct trial *t = mem_zalloc(1, sizeof(*t));
	int err;

	if (!t)
		return -ENOMEM;
	t->source = source;
	t->shape = paper_shape;
	t->paper = paper;
	err = for_pieces(t, add_allowed);
	for (unsigned c = 0; c < paper_shape->n_components && !err; c++) {
		t->errors[c].step = first_step(&t->errors[c], paper_shape->dtype);
		if (!(t->errors[c].step > 0))
			err = -ENODATA;
	}
	if (!err)
		err = search(t, best);
	if (err)
		return err;
	p.n_scales = paper_shape->n_components;
	p.scales = mem_zalloc(p.n_scales, sizeof(double));
	if (!p.scales)
		return -ENOMEM;
	for (unsigned c = 0; c < paper_shape->n_components; c++) {
		p.thresholds[c] = LOSSY_KEEP_ALL;
		p.scales[c] = best[c];
		if (!(best[c] > 0)) {
			lossy_params_release(&p);
			return -ENODATA;
		}
	}
	*out = p;
	return 0;
}
