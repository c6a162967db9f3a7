/* SPDX-License-Identifier: MIT */
/*
 * The paper's experiment. Per epoch, one synthetic gradient is stored by every method:
 *
 *     savez_compressed    the paper's baseline, lossless
 *     container           the reference's .npz: statistics, prediction, pruning and
 *                         quantisation, then zlib
 *     profile paper       the same values, by our codec
 *     profile alcm        the same error on a uniform grid, by our codec
 *     profile lossless    the exact values, by our codec
 *
 * Times are the CPU time of one thread, and the median over the repetitions. The
 * scheduler is driven by the container's CAQ, as in the paper, and sets the pruning of
 * the next epoch.
 *
 *   epoch 1    gradient of seed 43, first pruning share
 *              each method n times ──► bytes, median of CPU time, CAQ
 *              container's CAQ ──► scheduler ──► pruning share of epoch 2
 *   epoch 2    gradient of seed 44 …
 *
 * A method's time includes everything that it needs of the tensor: the container and the
 * lossy profiles compute statistics, prediction and scales again in each repetition. Our
 * methods also decode and compare, as a save does, and the paper's don't. So a gain in
 * CAQ is not one of less checking.
 *
 * stored_bytes of our methods is the coded body alone, to compare with the paper's
 * figures; file_bytes is a whole blob with the tensor as .npy (measure_file()). For the
 * two .npz methods they are the same.
 *
 * To add a method, add a name to enum paper_method before PAPER_METHODS, a function that
 * returns its bytes, and a row of `methods`.
 */
#include "paper_bench.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "codec/codec.h"
#include "lossy/distortion.h"
#include "lossy/paper.h"
#include "lossy/uniform.h"
#include "npz_write.h"
#include "predict/predict.h"
#include "synth.h"
#include "tensor/stats.h"
#include "tensor/values.h"
#include "train.h"

enum { SIDE = 100, N = SIDE * SIDE, BYTES = 4 * N, MAX_REPEATS = 99, NPY_HEADER = 128 };

struct bench {
	struct codec *codec;
	/* driven by the paper's container, as in the paper */
	struct alcm_scheduler scheduler;
	float tensor[N], quantised[N], broadcast[N];
	uint8_t mask[N];
	uint8_t body[BYTES + 8192], back[BYTES];
	double x[N], y[N];
	struct lossy_params params; /* of the current run */
	struct distortion distortion;
};

/*
 * ---- steps of the methods -----------------------------------------------------------
 */

static int read_tensor(void *ctx, uint64_t first, uint32_t n, double *out)
{
	const struct bench *b = ctx;

	(void)values_get(out, (const uint8_t *)(b->tensor + first), n, DTYPE_F32, false);
	return 0;
}

/* The paper's scales are one per row. */
static const struct lossy_shape shape = {
	.dtype = DTYPE_F32, .n_components = 1, .n_channels = SIDE, .channel_len = SIDE
};

/* With the built-in weights, whatever a mount uses. */
static double predict(const struct bench *b)
{
	struct span span = { .len_bytes = BYTES, .elem_bytes = 4, .dtype = DTYPE_F32 };
	double features[PREDICT_INPUTS];
	struct alcm_stats stats;
	struct moments m = { 0 };

	moments_add(&m, (const uint8_t *)b->tensor, &span);
	moments_stats(&m, &stats);
	predict_features(&stats, features);
	return predict_entropy(&predict_default_weights, features);
}

/* Statistics, prediction, scales and threshold. */
static int fit(struct bench *b)
{
	struct value_source source = { b, N, read_tensor };

	lossy_params_release(&b->params);
	return paper_fit(&source, &shape, predict(b), b->scheduler.prune_share, &b->params);
}

/* Quantisation and pruning. */
static int apply(struct bench *b, const struct lossy_params *params,
	const struct lossy_shape *s)
{
	(void)read_tensor(b, 0, N, b->x);
	if (!lossy_apply(params, s, 0, N, b->x, b->y, false))
		return -ERANGE;
	values_put((uint8_t *)b->quantised, b->y, N, DTYPE_F32, false);
	return 0;
}

static int quantise(struct bench *b)
{
	int err = fit(b);

	return err ? err : apply(b, &b->params, &shape);
}

static int64_t npz_bytes(const struct npz_array *arrays, unsigned n)
{
	AUTO_FREE uint8_t *file = NULL;
	size_t len = 0;
	int err = npz_write(arrays, n, true, &file, &len);

	return err ? err : (int64_t)len;
}

/* Encode, decode and compare, as for a save. */
static int64_t coded_bytes(struct bench *b, const float *values,
	const struct grid_map *grid)
{
	struct span span = {
		.len_bytes = BYTES, .elem_bytes = 4, .dtype = DTYPE_F32, .grid = grid
	};
	const uint8_t *raw = (const uint8_t *)values;
	struct codec_result r;
	const struct codec_context with = { .codec = b->codec, .spans = &span, .n_spans = 1 };
	int err = codec_encode(&with, raw, BYTES, b->body, &r)
		?: codec_decode(&with, b->body, r.body_len, b->back, BYTES);

	if (!err && memcmp(b->back, raw, BYTES) != 0)
		err = -EIO;
	return err ? err : (int64_t)r.body_len;
}

/*
 * ---- methods: each returns its stored bytes, or a negative errno ---------------------
 */

static int64_t run_baseline(struct bench *b)
{
	struct npz_array a = { .name = "tensor",
		.descr = "<f4",
		.n_dims = 2,
		.shape = { SIDE, SIDE },
		.data = b->tensor,
		.data_bytes = BYTES };

	return npz_bytes(&a, 1);
}

/* The reference stores the scales broadcast to the shape of the tensor. */
static int64_t run_container(struct bench *b)
{
	struct npz_array a[3] = {
		{ .name = "quantized",
			.descr = "<f4",
			.data = b->quantised,
			.data_bytes = BYTES },
		{ .name = "mask", .descr = "|b1", .data = b->mask, .data_bytes = N },
		{ .name = "scales", .descr = "<f4", .data = b->broadcast, .data_bytes = BYTES },
	};
	int err = quantise(b);

	if (err)
		return err;
	for (unsigned i = 0; i < N; i++) {
		b->mask[i] = b->quantised[i] != 0;
		b->broadcast[i] = (float)b->params.scales[i / SIDE];
	}
	for (unsigned i = 0; i < 3; i++) {
		a[i].n_dims = 2;
		a[i].shape[0] = a[i].shape[1] = SIDE;
	}
	return npz_bytes(a, 3);
}

static int64_t run_paper(struct bench *b)
{
	struct grid_map grid = { .n_scales = SIDE, .n_components = 1, .run = SIDE };
	int err = quantise(b);

	grid.scales = b->params.scales;
	return err ? err : coded_bytes(b, b->quantised, &grid);
}

/* One scale for the whole tensor, chosen so that the error is that of the paper's scales
   for its rows. fit() is part of it, as the profile needs those first. */
static int64_t run_alcm(struct bench *b)
{
	static const struct lossy_shape whole = {
		.dtype = DTYPE_F32, .n_components = 1, .n_channels = 1, .channel_len = N
	};
	struct grid_map grid = {
		.n_scales = 1, .n_components = 1, .run = N, .row_len = SIDE
	};
	struct value_source source = { b, N, read_tensor };
	struct lossy_params uniform;
	int err = fit(b) ?: uniform_fit(&source, &shape, &b->params, &uniform);

	if (err)
		return err;
	err = apply(b, &uniform, &whole);
	grid.scales = uniform.scales;

	int64_t bytes = err ? err : coded_bytes(b, b->quantised, &grid);

	lossy_params_release(&uniform);
	return bytes;
}

static int64_t run_lossless(struct bench *b)
{
	return coded_bytes(b, b->tensor, NULL);
}

static const struct {
	const char *name;
	int64_t (*run)(struct bench *b);
	const char *profile; /* of an equivalent blob; NULL: none */
	bool lossy;
} methods[PAPER_METHODS] = {
	[PAPER_BASELINE] = { "numpy.savez_compressed", run_baseline, NULL, false },
	[PAPER_CONTAINER] = { "the paper's container", run_container, NULL, true },
	[PAPER_PROFILE] = { "profile paper", run_paper, "paper", true },
	[PAPER_ALCM] = { "profile alcm", run_alcm, "alcm", true },
	[PAPER_LOSSLESS] = { "profile lossless", run_lossless, "lossless", false },
};

const char *paper_method_name(unsigned method)
{
	return methods[method].name;
}

/* ---- running them ------------------------------------------------------------------ */

static int by_value(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* The bytes are the same in each repetition. The distortion is that of x and y of the
   last one, outside of the clock. */
static int measure(struct bench *b, unsigned method, unsigned n_repeats,
	struct paper_result *out)
{
	uint64_t times[MAX_REPEATS];
	int64_t bytes = 0;

	for (unsigned i = 0; i < n_repeats && bytes >= 0; i++) {
		uint64_t start = clock_thread_cpu_ns();

		bytes = methods[method].run(b);
		times[i] = clock_thread_cpu_ns() - start;
	}
	if (bytes < 0)
		return (int)bytes;
	qsort(times, n_repeats, sizeof(times[0]), by_value);

	unsigned middle = n_repeats / 2;

	*out = (struct paper_result){
		.stored_bytes = (uint64_t)bytes,
		.ratio = (double)BYTES / (double)bytes,
		.cpu_seconds = (double)times[middle] / 1e9,
	};
	out->caq = alcm_caq(out->ratio, out->cpu_seconds);
	if (methods[method].lossy) {
		struct distortion d = { 0 };

		distortion_add(&d, b->x, b->y, N);
		distortion_figures(&d, &out->distortion);
	}
	return 0;
}

/* The size of a blob with the tensor as a .npy file, everything included. */
static int measure_file(struct alcm *alcm, const struct bench *b,
	const char *profile_name, uint64_t *bytes)
{
	char header[NPY_HEADER + 1];
	struct alcm_profile profile;
	struct alcm_blob *blob = NULL;
	struct alcm_info info;
	bool changed;
	int fd = memfd_create("alcm-bench", MFD_CLOEXEC), err;

	if (fd < 0)
		return -errno;
	snprintf(header, sizeof(header), "\x93NUMPY%c%cv%c%-117s\n", 1, 0, 0,
		"{'descr': '<f4', 'fortran_order': False, 'shape': (100, 100), }");
	err = alcm_profile_parse(profile_name, &profile, NULL)
		?: alcm_blob_create(alcm, fd, &profile, &blob);
	if (!err &&
		(alcm_blob_pwrite(blob, header, NPY_HEADER, 0, NULL) != NPY_HEADER ||
			alcm_blob_pwrite(blob, b->tensor, BYTES, NPY_HEADER, NULL) != BYTES))
		err = -EIO;
	err = err
		?: alcm_blob_quantise(blob, b->scheduler.prune_share, &changed, NULL)
		?: alcm_blob_commit(blob, false, NULL)
		?: alcm_blob_info(blob, &info, NULL);
	if (!err)
		*bytes = info.live_bytes;
	alcm_blob_close(blob);
	close(fd);
	return err;
}

static int run_epoch(struct alcm *alcm, struct bench *b, unsigned n_repeats,
	struct paper_result results[PAPER_METHODS])
{
	for (unsigned m = 0; m < PAPER_METHODS; m++) {
		int err = measure(b, m, n_repeats, &results[m]);

		if (err)
			return err;
		results[m].file_bytes = results[m].stored_bytes;
		if (methods[m].profile)
			err = measure_file(alcm, b, methods[m].profile, &results[m].file_bytes);
		if (err)
			return err;
	}
	alcm_scheduler_add(&b->scheduler, results[PAPER_CONTAINER].caq);
	return 0;
}

/*
 * The loss on the samples that the built-in weights were trained with, as the paper
 * reports it. It says how well the network has learnt, not how well it predicts others.
 */
static double entropy_loss(void)
{
	struct train_sample samples[TRAIN_SYNTHETIC];
	double sum = 0;

	train_synthetic_samples(samples);
	for (unsigned i = 0; i < TRAIN_SYNTHETIC; i++) {
		double y = predict_entropy(&predict_default_weights, samples[i].features);

		sum += (y - samples[i].target) * (y - samples[i].target);
	}
	return sum / TRAIN_SYNTHETIC;
}

int paper_bench_run(struct alcm *alcm, unsigned n_repeats, struct paper_bench *out)
{
	struct bench *b;
	int err;

	if (!n_repeats || n_repeats > MAX_REPEATS)
		return -EINVAL;
	b = mem_zalloc(1, sizeof(*b));
	if (!b)
		return -ENOMEM;
	err = codec_new(1 << 16, &b->codec);
	alcm_scheduler_init(&b->scheduler);
	for (unsigned e = 0; e < PAPER_EPOCHS && !err; e++) {
		synth_gradient(e + 1, SIDE, SIDE, b->tensor);
		out->prune_share[e] = b->scheduler.prune_share;
		err = run_epoch(alcm, b, n_repeats, out->epochs[e]);
	}
	out->entropy_loss = entropy_loss();
	codec_free(b->codec);
	lossy_params_release(&b->params);
	mem_free(b);
	return err;
}
