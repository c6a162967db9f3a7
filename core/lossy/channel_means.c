/* SPDX-License-Identifier: MIT */
/*
 * Means that equal NumPy's bit for bit, which needs NumPy's order of additions:
 *
 *   channel ──► pieces of 8192 values, added one after the other
 *     piece ──► halves, down to blocks of at most 128: pairwise sums
 *       block ──► eight lanes, then ((0+1)+(2+3))+((4+5)+(6+7)), then the rest
 *
 * The tensor may not fit into memory, so the recursion takes values from a stream, in
 * order. In Fortran order all channels are interleaved and their sums advance together.
 *
 * The constants are NumPy's: PW_BLOCKSIZE (128) and the eight lanes of its pairwise sum
 * (umath/loops_utils.h.src), and the buffer of 8192 elements of its iterator. The sums
 * are those of the type that NumPy adds in, float32 for narrower floats. Scales come from
 * these means, so a sum in another order would give values that differ from the paper's
 * reference in their last bits.
 */
#include "lossy/channel_means.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/simd.h"
#include "tensor/values.h"

enum {
	LANES = 8,
	BLOCK = 128,       /* values added without halving */
	PIECE = 8192,      /* NumPy's buffer: longer channels are added in pieces */
	MIN_BUFFER = 4096, /* values read at a time */
};

/* Values of `width` channels alternate: the components of one channel in C order, all
   channels in Fortran order. Arrays have one number for each of them. */
struct adder {
	const struct value_source *source;
	uint64_t next; /* the next value to read from the source */
	uint64_t width;
	double *absent, *lanes, *temps;
	double *buffer; /* values [at, end) of it are waiting */
	uint64_t buffer_len, at, end;
	bool narrow; /* sums are floats */
	int err;
};

/* Doubles hold the floats; rounding each sum gives float arithmetic exactly. */
static double add(const struct adder *a, double x, double y)
{
	return a->narrow ? (double)(float)(x + y) : x + y;
}

static void add_to(const struct adder *a, double *sum, const double *x, uint64_t n)
{
	if (a->narrow) {
		for (uint64_t i = 0; i < n; i++)
			sum[i] = (float)(sum[i] + x[i]);
	} else {
		for (uint64_t i = 0; i < n; i++)
			sum[i] += x[i];
	}
}

SIMD_CLONES static bool all_finite(const double *x, uint64_t n)
{
	uint64_t beyond = 0;

	for (uint64_t i = 0; i < n; i++)
		beyond |= !(fabs(x[i]) <= DBL_MAX);
	return !beyond;
}

/* NaN and Inf are left out of the sum, and of the count that the mean divides by. */
static void drop_nonfinite(struct adder *a, double *x, uint64_t n)
{
	if (all_finite(x, n))
		return;
	for (uint64_t i = 0; i < n; i++) {
		if (isfinite(x[i]))
			continue;
		x[i] = 0;
		a->absent[i % a->width]++;
	}
}

/* After an error zeros are delivered, so that callers check `err` only at the end. */
static void refill(struct adder *a)
{
	uint64_t left = a->end - a->at;
	uint64_t n = min_u64(a->buffer_len - left, a->source->n_values - a->next);

	memmove(a->buffer, a->buffer + a->at, left * sizeof(double));
	a->err = a->source->read(a->source->ctx, a->next, (uint32_t)n, a->buffer + left);
	if (a->err)
		memset(a->buffer, 0, a->buffer_len * sizeof(double));
	a->next += n;
	a->at = 0;
	a->end = left + n;
}

/* The next `rows` values of each channel, row by row: at most LANES, or BLOCK of one
   channel. Zeros after an error. */
static const double *rows_of(struct adder *a, unsigned rows)
{
	uint64_t want = rows * a->width;

	if (!a->err && a->end - a->at < want)
		refill(a);
	if (a->err)
		return a->buffer;

	double *x = a->buffer + a->at;

	a->at += want;
	drop_nonfinite(a, x, want);
	return x;
}

/* The lanes' sums of one channel of floats, n ≥ LANES; vectorises. */
SIMD_CLONES static void add_floats(const double *x, unsigned n, double *lanes)
{
	float r[LANES];

	for (unsigned l = 0; l < LANES; l++)
		r[l] = (float)x[l];
	for (unsigned i = LANES; i + LANES <= n; i += LANES) {
		for (unsigned l = 0; l < LANES; l++)
			r[l] += (float)x[i + l];
	}
	for (unsigned l = 0; l < LANES; l++)
		lanes[l] = r[l];
}

/* Add the next n values of each channel in LANES lanes. */
static void add_lanes(struct adder *a, unsigned n)
{
	uint64_t w = a->width;

	if (w == 1 && a->narrow) {
		add_floats(rows_of(a, n / LANES * LANES), n, a->lanes);
		return;
	}
	memcpy(a->lanes, rows_of(a, LANES), LANES * w * sizeof(double));
	for (unsigned i = LANES; i + LANES <= n; i += LANES)
		add_to(a, a->lanes, rows_of(a, LANES), LANES * w);
}

/* Set `sum` to the sums of the next n ≤ BLOCK values of each channel. */
static void add_block(struct adder *a, unsigned n, double *sum)
{
	uint64_t w = a->width;
	unsigned i = 0;

	memset(sum, 0, w * sizeof(double));
	if (n >= LANES) {
		const double *r = a->lanes;

		add_lanes(a, n);
		i = n / LANES * LANES;
		for (uint64_t c = 0; c < w; c++) {
			double low = add(a, add(a, r[c], r[w + c]),
				add(a, r[2 * w + c], r[3 * w + c]));
			double high = add(a, add(a, r[4 * w + c], r[5 * w + c]),
				add(a, r[6 * w + c], r[7 * w + c]));

			sum[c] = add(a, low, high);
		}
	}
	for (; i < n; i++)
		add_to(a, sum, rows_of(a, 1), w);
}

/* NumPy's split: the first half is a multiple of the lanes. */
static uint64_t first_half(uint64_t n)
{
	return n / 2 - n / 2 % LANES;
}

/* Sum n values pairwise. `temps` has a sum per level of halving. */
static void add_pairwise(struct adder *a, uint64_t n, double *temps, double *sum)
{
	if (n <= BLOCK) {
		add_block(a, (unsigned)n, sum);
		return;
	}
	add_pairwise(a, first_half(n), temps + a->width, sum);
	add_pairwise(a, n - first_half(n), temps + a->width, temps);
	add_to(a, sum, temps, a->width);
}

/* The deepest recursion; the second half is never shorter. */
static unsigned halvings(uint64_t n)
{
	unsigned depth = 0;

	for (; n > BLOCK; n -= first_half(n))
		depth++;
	return depth;
}

/* Skip whole pieces of zeros, which change no sum; `n` rows are left. Returns the rows
   skipped. Only whole pieces, or all that is left: the next piece must begin where
   NumPy's does. */
static uint64_t skip_zeros(struct adder *a, uint64_t n)
{
	uint64_t at = a->next - (a->end - a->at);
	uint64_t rows = min_u64(a->err ? 0 : lossy_zeros_at(a->source, at) / a->width, n);
	uint64_t values = (rows == n ? rows : rows / PIECE * PIECE) * a->width;

	if (values <= a->end - a->at) {
		a->at += values;
	} else {
		a->next = at + values;
		a->at = a->end = 0;
	}
	return values / a->width;
}

/* Sum all values of the interleaved channels. */
static void add_channels(struct adder *a, uint64_t n, double *sum)
{
	double *piece_sum = a->temps, *temps = a->temps + a->width;

	memset(sum, 0, a->width * sizeof(double));
	for (n -= skip_zeros(a, n); n; n -= skip_zeros(a, n)) {
		uint64_t piece = min_u64(n, PIECE);

		add_pairwise(a, piece, temps, piece_sum);
		add_to(a, sum, piece_sum, a->width);
		n -= piece;
	}
}

static void divide(struct adder *a, const struct lossy_shape *shape, double *sum)
{
	for (uint64_t c = 0; c < a->width; c++) {
		double n = (double)shape->channel_len - a->absent[c];
		double mean = n > 0 ? sum[c] / n : 0;

		/* NumPy divides a float32 sum by an integer in doubles; bfloat16 is done by way
		   of float32. */
		if (shape->dtype == DTYPE_BF16)
			mean = values_round(mean, DTYPE_F32);
		sum[c] = values_round(mean, shape->dtype);
	}
}

int channel_means(const struct value_source *source, const struct lossy_shape *shape,
	double *means)
{
	uint64_t width = shape->fortran_order ? lossy_n_scales(shape) : shape->n_components;
	unsigned levels = halvings(min_u64(shape->channel_len, PIECE)) + 2;
	AUTO_FREE double *memory = mem_zalloc(width * (1 + 2 * LANES + levels) + MIN_BUFFER,
		sizeof(double));
	struct adder a = {
		.source = source,
		.width = width,
		.narrow = shape->dtype != DTYPE_F64,
		.absent = memory,
	};

	if (!memory)
		return -ENOMEM;
	a.lanes = a.absent + width;
	a.temps = a.lanes + LANES * width;
	a.buffer = a.temps + levels * width;
	a.buffer_len = LANES * width + MIN_BUFFER;
	for (uint64_t c = 0; c < lossy_n_scales(shape) && !a.err; c += width) {
		memset(a.absent, 0, width * sizeof(double));
		add_channels(&a, shape->channel_len, means + c);
		divide(&a, shape, means + c);
	}
	return a.err;
}
