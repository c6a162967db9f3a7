/* SPDX-License-Identifier: MIT */
/* The predictor's public side: files of weights, samples by the codec, training. */
#include <errno.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/diag.h"
#include "codec/codec.h"
#include "format/format.h"
#include "predict/train.h"
#include "predict/weights_write.h"
#include "tensor/stats.h"

enum {
	MAX_FILE = 1 << 20, /* of weights, which take 11 KiB */
	CHUNK = 256 << 10,
};

static const double least_entropy = 0.2, most_entropy = 0.9;

static int write_all(int fd, const void *buf, size_t n)
{
	const uint8_t *p = buf;

	while (n) {
		ssize_t put = write(fd, p, n);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -errno;
		p += put;
		n -= (size_t)put;
	}
	return 0;
}

/* Up to `room` bytes; fewer only at the end. Returns how many, or a negative errno. */
static ssize_t read_all(int fd, char *buf, size_t room)
{
	size_t n = 0;

	while (n < room) {
		ssize_t got = read(fd, buf + n, room - n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		n += (size_t)got;
	}
	return (ssize_t)n;
}

int alcm_predictor_read(int fd, struct alcm_predictor **out, struct alcm_diag *diag)
{
	AUTO_FREE char *text = mem_zalloc(1, MAX_FILE + 2);
	AUTO_FREE struct alcm_predictor *p = mem_zalloc(1, sizeof(*p));
	ssize_t n;
	int err;

	if (!text || !p)
		return -ENOMEM;
	n = read_all(fd, text, MAX_FILE + 1);
	if (n < 0)
		return (int)n;
	if (n > MAX_FILE)
		return diag_set(diag, -EFBIG, 0, "more than %d bytes: no weights", MAX_FILE);
	if (memchr(text, '\0', (size_t)n))
		return diag_set(diag, -EINVAL, 0, "it is no text of numbers");
	err = weights_parse(text, &p->weights, diag);
	if (!err)
		*out = steal(p);
	return err;
}

void alcm_predictor_free(struct alcm_predictor *predictor)
{
	mem_free(predictor);
}

int alcm_predictor_write(const struct alcm_predictor *predictor, int fd)
{
	AUTO_FREE char *text = NULL;
	int err = weights_print(&predictor->weights, &text, NULL);

	return err ? err : write_all(fd, text, strlen(text));
}

int alcm_predictor_write_source(const struct alcm_predictor *predictor, int fd)
{
	AUTO_FREE char *text = NULL;
	int err = weights_source(&predictor->weights, &text);

	return err ? err : write_all(fd, text, strlen(text));
}

/* A tensor file under measurement, and sums over it. */
struct measure {
	int (*read)(void *ctx, void *buf, size_t n, uint64_t off);
	void *ctx;
	struct codec *codec;
	uint8_t *raw, *body;
	struct layout layout;
	struct moments moments;
	uint64_t coded_bytes;
};

static int measure_chunk(struct measure *m, uint64_t off, uint32_t n)
{
	struct span spans[SPAN_MAX];
	struct codec_result result;
	unsigned n_spans;
	int err = m->read(m->ctx, m->raw, n, off);

	if (err)
		return err;
	n_spans = format_spans(&m->layout, off, n, spans);
	for (unsigned i = 0, at = 0; i < n_spans; at += spans[i++].len_bytes)
		moments_add(&m->moments, m->raw + at, &spans[i]);
	err = codec_encode(m->codec, m->raw, n, spans, n_spans, m->body, &result);
	if (!err)
		m->coded_bytes += result.body_len;
	return err;
}

/* All of the tensor's data, whole elements in each chunk. */
static int measure_data(struct measure *m, uint64_t size)
{
	uint32_t step = CHUNK - CHUNK % m->layout.elem_bytes;
	uint64_t end;
	int err = 0;

	if (!checked_add(m->layout.data_offset, m->layout.data_bytes, &end) || end > size)
		return -ENODATA; /* cut short */
	for (uint64_t off = m->layout.data_offset; off < end && !err; off += step)
		err = measure_chunk(m, off, (uint32_t)min_u64(step, end - off));
	return err;
}

/* Not so when the fourth powers of the values are beyond a double. */
static bool has_features(const struct moments *moments)
{
	double features[PREDICT_INPUTS];
	struct alcm_stats stats;
	bool finite = true;

	moments_stats(moments, &stats);
	predict_features(&stats, features);
	for (int i = 0; i < PREDICT_INPUTS; i++)
		finite = finite && isfinite(features[i]);
	return finite;
}

static int measure_file(struct measure *m, uint64_t size, struct alcm_train_sample *out)
{
	uint32_t n = (uint32_t)min_u64(size, CHUNK);
	int err = n ? m->read(m->ctx, m->raw, n, 0) : -ENODATA;

	if (err)
		return err;
	format_parse(m->raw, n, &m->layout);
	if (m->layout.dtype == DTYPE_BYTES || m->layout.elem_bytes > CHUNK)
		return -ENODATA;
	err = measure_data(m, size);
	if (err)
		return err;
	if (!m->moments.n || !has_features(&m->moments))
		return -ENODATA;
	moments_stats(&m->moments, &out->stats);
	out->entropy = fmin(fmax((double)m->coded_bytes / (double)m->layout.data_bytes,
				    least_entropy),
		most_entropy);
	return 0;
}

int alcm_train_measure(int (*read)(void *ctx, void *buf, size_t n, uint64_t off), void *ctx,
	uint64_t size, struct alcm_train_sample *out)
{
	AUTO_FREE uint8_t *raw = mem_alloc_aligned(CHUNK), *body = mem_alloc(codec_bound(CHUNK));
	struct measure m = { .read = read, .ctx = ctx, .raw = raw, .body = body };
	int err;

	if (!raw || !body)
		return -ENOMEM;
	err = codec_new(CHUNK, &m.codec);
	if (err)
		return err;
	err = measure_file(&m, size, out);
	codec_free(m.codec);
	return err;
}

void alcm_train_params_default(struct alcm_train_params *params)
{
	*params = (struct alcm_train_params){
		.seed = train_paper_options.seed,
		.n_epochs = train_paper_options.n_epochs,
	};
}

static int run(const struct alcm_train_params *params, struct predict_weights *out,
	struct alcm_diag *diag)
{
	const struct train_options options = {
		.seed = params->seed,
		.n_epochs = params->n_epochs,
		.standardise = params->samples,
		.progress = params->progress,
		.ctx = params->ctx,
	};
	size_t n = params->samples ? params->n_samples : TRAIN_SYNTHETIC;
	AUTO_FREE struct train_sample *samples = mem_zalloc(n, sizeof(*samples));

	if (!samples)
		return -ENOMEM;
	if (!params->samples)
		train_synthetic_samples(samples);
	for (size_t k = 0; params->samples && k < n; k++) {
		predict_features(&params->samples[k].stats, samples[k].features);
		samples[k].target = params->samples[k].entropy;
	}
	return train_run(samples, n, &options, out, diag);
}

int alcm_train(const struct alcm_train_params *params, struct alcm_predictor **out,
	struct alcm_diag *diag)
{
	AUTO_FREE struct alcm_predictor *p = mem_zalloc(1, sizeof(*p));
	int err = p ? run(params, &p->weights, diag) : -ENOMEM;

	if (!err)
		*out = steal(p);
	return err;
}
