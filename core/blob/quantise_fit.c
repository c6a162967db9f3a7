/* SPDX-License-Identifier: MIT */
/*
 * The grid of a tensor, by the blob's profile. Fits ask for values by number; here they
 * come from the blob's chunks, whole chunks at a time, through one buffer of the budget.
 * Holes are reported as runs of zeros, so a sparse tensor costs no more than its data.
 *
 *   bounded   one pass: the range
 *   paper     the statistics, the channels' means, then a pass per digit of the
 *             percentiles (order_stats.h)
 *   alcm      as paper, then up to nine samples for its own step (uniform.c)
 *
 * A pass decodes each chunk once, if values are asked for in order; so fits do that.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "blob/quantise.h"
#include "lossy/bounded.h"
#include "lossy/paper.h"
#include "lossy/uniform.h"
#include "tensor/values.h"

enum { PIECE = 4096 }; /* values converted at a time */

struct fitting {
	const struct pass *pass;
	const struct lossy_tensor *tensor;
	struct quantise_shapes shapes;
	struct value_source source;
	/* The chunk that was read last, decoded: fits read in small pieces. */
	uint8_t *chunk;
	uint64_t chunk_no;
	uint32_t chunk_len; /* 0: none was read yet */
};

/* ---- reading ----------------------------------------------------------------------- */

/* The n bytes at `off`, which lie within one chunk. */
static int read_in_chunk(struct fitting *f, uint64_t off, uint32_t n, uint8_t *out)
{
	struct alcm_blob *blob = f->pass->blob;
	uint64_t chunk_no = chunk_of(blob, off), start = chunk_start(blob, chunk_no);
	int err = 0;

	if (!f->chunk_len || chunk_no != f->chunk_no) {
		uint32_t len = (uint32_t)min_u64(blob->chunk_bytes, alcm_blob_size(blob) - start);

		err = quantise_read(f->pass, start, len, f->chunk);
		f->chunk_len = err ? 0 : len;
		f->chunk_no = chunk_no;
	}
	if (!err)
		memcpy(out, f->chunk + (off - start), n);
	return err;
}

/* As quantise_read(), but through the chunk that is kept. */
static int read_bytes(struct fitting *f, uint64_t off, uint32_t n, uint8_t *out)
{
	uint32_t chunk_bytes = f->pass->blob->chunk_bytes;

	while (n) {
		uint32_t here = (uint32_t)min_u64(n, chunk_bytes - (off & (chunk_bytes - 1)));
		int err = read_in_chunk(f, off, here, out);

		if (err)
			return err;
		off += here;
		out += here;
		n -= here;
	}
	return 0;
}

/* A value_source's call: values `first` … as doubles. The bytes of a piece are on the
   stack. */
static int read_values(void *ctx, uint64_t first, uint32_t n, double *out)
{
	struct fitting *f = ctx;
	unsigned width = lossy_width(&f->shapes.whole);
	uint8_t bytes[PIECE * 8];

	while (n) {
		uint32_t some = n < PIECE ? n : PIECE;
		int err = read_bytes(f, f->tensor->offset + first * width, some * width, bytes);

		if (err)
			return err;
		(void)values_get(out, bytes, some, f->shapes.whole.dtype, f->tensor->big_endian);
		first += some;
		out += some;
		n -= some;
	}
	return 0;
}

/*
 * A value_source's call: the first value at or behind `first` that doesn't lie in a hole.
 */
static uint64_t next_data(void *ctx, uint64_t first)
{
	const struct fitting *f = ctx;
	unsigned width = lossy_width(&f->shapes.whole);
	int64_t at = alcm_blob_seek(f->pass->blob, f->tensor->offset + first * width,
		SEEK_DATA);

	return at < 0 ? UINT64_MAX : ((uint64_t)at - f->tensor->offset) / width;
}

/* ---- the profiles' fits ------------------------------------------------------------ */

/* E: the entropy that the predictor gives for the tensor's statistics. */
static int predict(struct fitting *f, double *entropy)
{
	unsigned width = lossy_width(&f->shapes.whole);
	struct moments m = { 0 };
	struct alcm_stats stats;
	uint8_t bytes[PIECE * 8];

	for (uint64_t at = 0, n; at < f->source.n_values; at += n) {
		struct span span = { .elem_bytes = (uint8_t)width,
			.dtype = f->shapes.whole.dtype,
			.big_endian = f->tensor->big_endian };
		struct moments zeros = { 0 };
		int err;

		n = lossy_zeros_at(&f->source, at);
		if (n) {
			zeros.n = zeros.n_sparse = n;
			moments_merge(&m, &zeros);
			continue;
		}
		n = min_u64(PIECE, f->source.n_values - at);
		span.len_bytes = (uint32_t)(n * width);
		err = read_bytes(f, f->tensor->offset + at * width, (uint32_t)(n * width), bytes);
		if (err)
			return err;
		moments_add(&m, bytes, &span);
	}
	moments_stats(&m, &stats);
	*entropy = engine_entropy(f->pass->blob->alcm, &stats);
	return m.n ? 0 : -ENODATA;
}

/* The paper: scales by predicted entropy, small values pruned. */
static int fit_paper(struct fitting *f, struct lossy_params *out)
{
	double entropy = 0;
	int err = predict(f, &entropy);

	return err
		? err
		: paper_fit(&f->source, &f->shapes.whole, entropy, f->pass->prune_share, out);
}

/* The bound is a share of max − min of the tensor. */
static int fit_bounded(struct fitting *f, struct lossy_params *out)
{
	return bounded_fit(&f->source, &f->shapes.whole, f->pass->blob->bound, true, out);
}

/* The bound is absolute. */
static int fit_bounded_abs(struct fitting *f, struct lossy_params *out)
{
	return bounded_fit(&f->source, &f->shapes.whole, f->pass->blob->bound, false, out);
}

/*
 * The error of the paper's per-channel quantisation, with one scale and so in fewer bits.
 */
static int fit_alcm(struct fitting *f, struct lossy_params *out)
{
	struct lossy_params paper;
	double entropy = 0;
	int err = predict(f, &entropy)
		?: paper_fit(&f->source, &f->shapes.channels, entropy, f->pass->prune_share,
			   &paper);

	if (err)
		return err;
	err = uniform_fit(&f->source, &f->shapes.channels, &paper, out);
	lossy_params_release(&paper);
	return err;
}

/* The fits by profile id; lossless has none. */
static const struct {
	bool per_channel; /* a scale per channel, or else one for the whole tensor */
	int (*fit)(struct fitting *f, struct lossy_params *out);
} methods[] = { { 0 }, { true, fit_paper }, { false, fit_bounded },
	{ false, fit_bounded_abs }, { false, fit_alcm } };

_Static_assert(sizeof(methods) / sizeof(methods[0]) == DISK_PROFILE_MAX + 1,
	"one per profile");

/* A tensor without channels is one channel. */
bool quantise_shapes_of(const struct alcm_blob *blob, const struct segment *tensor,
	const uint64_t *dims, struct quantise_shapes *out, const char **why)
{
	const char *no_channels;

	if (!lossy_shape_of(tensor, dims, methods[blob->profile].per_channel, &out->whole,
			why))
		return false;
	if (!lossy_shape_of(tensor, dims, true, &out->channels, &no_channels))
		out->channels = out->whole;
	return true;
}

int quantise_fit(const struct pass *pass, const struct lossy_tensor *tensor,
	const struct quantise_shapes *shapes, struct lossy **out)
{
	struct fitting f = { .pass = pass, .tensor = tensor, .shapes = *shapes };
	struct lossy *lossy = mem_zalloc(1, sizeof(*lossy));
	int err = -ENOMEM;

	f.source = (struct value_source){ &f, lossy_n_values(&shapes->whole), read_values,
		next_data };
	f.chunk = lossy ? budget_get(pass->blob->alcm->budget, pass->blob->chunk_bytes)
					: NULL;
	if (f.chunk)
		err = methods[pass->blob->profile].fit(&f, &lossy->params);
	if (f.chunk)
		budget_put(pass->blob->alcm->budget, f.chunk, pass->blob->chunk_bytes);
	if (err) {
		mem_free(lossy);
		return err;
	}
	lossy->shape = shapes->whole;
	*out = lossy;
	return 0;
}
