/* SPDX-License-Identifier: MIT */
/*
 * Histograms of a sample of a tensor file: of its values, and of their powers of two. The
 * sample is read once and kept; three passes over it find the moments, the exponents and,
 * with the range known, the values.
 *
 *   values       mean ± 4 σ in equal bins; what lies outside is counted on either side
 *   exponents    one bin for each power of two, or for 2, 4, … of them
 *
 * Weights have few values far out. Bins over all of the range would put nearly all values
 * into one of them; the exponents show the tails instead.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "alcm.h"
#include "base/alloc.h"
#include "base/checked.h"
#include "format/tensor_map.h"
#include "tensor/stats.h"
#include "tensor/values.h"

enum {
	BLOCK = 256 << 10,     /* the usual chunk size, so all of a decoded chunk is used */
	BATCH = 512,           /* values converted at once */
	EXPONENT_MIN = -1074,  /* of a double, subnormal ones included */
	EXPONENT_COUNT = 2098, /* up to 2^1023 */
};

/* The sample, and the counts on the way to a histogram. */
struct sample {
	int (*read)(void *ctx, void *buf, size_t n, uint64_t off);
	void *ctx;
	uint64_t size;
	struct tensor_map map;
	struct segment_cut tensors; /* the map's */
	struct moments moments;
	struct alcm_histogram *out;
	uint32_t exponents[EXPONENT_COUNT];
};

/* Takes a run of numbers of the sample. */
typedef void (*take_values)(struct sample *s, const double *v, unsigned n);

/* Convert the numbers of a span in batches and pass them on. */
static void each_value(struct sample *s, const uint8_t *data, const struct span *span,
	take_values take)
{
	unsigned width = dtype_get(span->dtype)->width_bytes;
	double v[BATCH];

	for (uint32_t at = 0, n; width && at < span->len_bytes; at += n * width) {
		n = (uint32_t)min_u64(BATCH, (span->len_bytes - at) / width);
		if (!n || !values_get(v, data + at, n, span->dtype, span->big_endian))
			return;
		take(s, v, n);
	}
}

/* Zero has no exponent and is counted apart. */
static void count_exponents(struct sample *s, const double *v, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		int exponent;

		if (!isfinite(v[i]))
			continue;
		s->out->n_zero += v[i] == 0;
		if (v[i] == 0)
			continue;
		(void)frexp(v[i], &exponent); /* |v| in [2^(exponent-1), 2^exponent) */
		s->exponents[exponent - 1 - EXPONENT_MIN]++;
	}
}

/* Values outside of the range are counted, so that no tail is hidden. */
static void count_values(struct sample *s, const double *v, unsigned n)
{
	struct alcm_histogram *h = s->out;
	double scale = h->high > h->low ? h->n_bins / (h->high - h->low) : 0;

	for (unsigned i = 0; i < n; i++) {
		double bin = (v[i] - h->low) * scale;

		if (!isfinite(v[i]))
			continue;
		if (v[i] < h->low)
			h->n_below++;
		else if (v[i] > h->high)
			h->n_above++;
		else
			h->values[bin < h->n_bins ? (unsigned)bin : h->n_bins - 1]++;
	}
}

/* Choose the bins: four standard deviations around the mean, within the range of the
   values. Few distinct integers get a bin each. */
static void choose_bins(struct sample *s)
{
	bool one = s->map.format->one;
	enum dtype_class class = dtype_get((enum dtype_id)s->tensors.items[0].dtype)->class;
	const struct moments *m = &s->moments;
	double reach = 4 * sqrt(m->m2 / (double)m->n);

	s->out->n_bins = ALCM_HISTOGRAM_BINS;
	if (one && class != DTYPE_FLOAT && m->max - m->min < ALCM_HISTOGRAM_BINS) {
		s->out->n_bins = (unsigned)(m->max - m->min) + 1;
		s->out->low = m->min - 0.5;
		s->out->high = m->max + 0.5;
		return;
	}
	s->out->low = fmax(m->min, m->mean - reach);
	s->out->high = fmin(m->max, m->mean + reach);
}

/* Fold exponents into the available bins, each of 1, 2, 4, … powers of two. */
static void fold_exponents(struct sample *s)
{
	struct alcm_histogram *h = s->out;
	unsigned first = 0, last = EXPONENT_COUNT;

	while (first < last && !s->exponents[first])
		first++;
	while (last > first && !s->exponents[last - 1])
		last--;
	h->exponent_low = (int)first + EXPONENT_MIN;
	h->exponent_step = 1;
	while ((last - first + h->exponent_step - 1) / h->exponent_step > ALCM_HISTOGRAM_BINS)
		h->exponent_step *= 2;
	h->n_exponents = (last - first + h->exponent_step - 1) / h->exponent_step;
	for (unsigned e = first; e < last; e++)
		h->exponents[(e - first) / h->exponent_step] += s->exponents[e];
}

/*
 * Pass the numbers in the `n` bytes at `raw`, which are at `off` in the file, to `take`.
 */
static void each_of_block(struct sample *s, const uint8_t *raw, uint64_t off, uint32_t n,
	take_values take)
{
	struct span spans[SPAN_MAX];
	unsigned n_spans = format_spans(&s->tensors, off, n, spans);

	for (unsigned i = 0; i < n_spans; raw += spans[i++].len_bytes) {
		if (take)
			each_value(s, raw, &spans[i], take);
		else
			moments_add(&s->moments, raw, &spans[i]);
	}
}

/* The place and length of block k of n_blocks, spread evenly over the file. */
static uint64_t block_at(const struct sample *s, unsigned k, unsigned n_blocks,
	uint32_t *len)
{
	uint64_t n_all = (s->size + BLOCK - 1) / BLOCK;
	uint64_t off = n_all * k / n_blocks * BLOCK;

	*len = (uint32_t)min_u64(BLOCK, s->size - off);
	return off;
}

static int count(struct sample *s, uint8_t *raw, unsigned n_blocks)
{
	static const take_values passes[] = { NULL, count_exponents, count_values };
	uint32_t len;
	int err = 0;

	for (unsigned k = 0; k < n_blocks && !err; k++) {
		uint64_t off = block_at(s, k, n_blocks, &len);

		err = s->read(s->ctx, raw + (size_t)k * BLOCK, len, off);
		s->out->sample_bytes += len;
	}
	for (unsigned pass = 0; pass < sizeof(passes) / sizeof(passes[0]) && !err; pass++) {
		for (unsigned k = 0; k < n_blocks; k++) {
			uint64_t off = block_at(s, k, n_blocks, &len);

			each_of_block(s, raw + (size_t)k * BLOCK, off, len, passes[pass]);
		}
		if (pass == 0 && !s->moments.n)
			return -ENODATA;
		if (pass == 0)
			choose_bins(s);
	}
	return err;
}

static int read_sampled(void *ctx, void *buf, size_t n, uint64_t off)
{
	const struct sample *s = ctx;

	return s->read(s->ctx, buf, n, off);
}

static uint64_t sampled_size(void *ctx)
{
	return ((const struct sample *)ctx)->size;
}

/* The map reads through the caller's function, so any file can be sampled. */
static int count_tensors(struct sample *s, uint8_t *raw, unsigned n_blocks)
{
	const struct tensor_source source = { read_sampled, sampled_size, s };
	int err = -ENODATA;

	tensor_map_init(&s->map, &source);
	tensor_map_enter(&s->map);
	s->tensors = (struct segment_cut){ s->map.segments.items, s->map.segments.n };
	if (s->tensors.n)
		err = count(s, raw, n_blocks);
	tensor_map_leave(&s->map);
	tensor_map_release(&s->map);
	return err;
}

int alcm_histogram(int (*read)(void *ctx, void *buf, size_t n, uint64_t off), void *ctx,
	uint64_t size, uint32_t max_blocks, struct alcm_histogram *out)
{
	AUTO_FREE struct sample *s = mem_zalloc(1, sizeof(*s));
	AUTO_FREE struct alcm_histogram *h = mem_zalloc(1, sizeof(*h));
	unsigned n_blocks = (unsigned)min_u64(max_blocks, (size + BLOCK - 1) / BLOCK);
	AUTO_FREE uint8_t *raw = mem_alloc((size_t)n_blocks * BLOCK + 1);
	int err;

	if (!s || !h || !raw)
		return -ENOMEM;
	s->read = read;
	s->ctx = ctx;
	s->size = size;
	s->out = h;
	err = count_tensors(s, raw, n_blocks);
	if (err)
		return err;
	fold_exponents(s);
	h->n_values = s->moments.n;
	h->n_nan = s->moments.n_nan;
	h->n_inf = s->moments.n_inf;
	*out = *h;
	return 0;
}
