/* SPDX-License-Identifier: MIT */
/*
 * A training sample from a real tensor. The target is the ratio that our lossless codec
 * reaches, limited to the network's range.
 *
 *   .npy file ──► header (npy_parse) ──► chunks of 256 KiB
 *         each chunk ──► moments   ──► six statistics ──► features
 *                    ──► codec     ──► coded bytes / bytes = target
 *
 * "Ratio" is stored over logical bytes here, so it is below 1 for what compresses. A file
 * that is no tensor of numbers, that is truncated, or whose statistics overflow is
 * -ENODATA: the caller counts it and goes on. Any other error ends the training.
 */
#include <errno.h>
#include <math.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "codec/codec.h"
#include "format/npy.h"
#include "tensor/stats.h"
#include "train.h"

enum { CHUNK = 256 << 10 };

/* A tensor file, and sums over it. */
struct measure {
	int (*read)(void *ctx, void *buf, size_t n, uint64_t off);
	void *ctx;
	struct codec *codec;
	uint8_t *raw, *body;
	struct npy npy;
	struct moments moments;
	uint64_t coded_bytes;
};

static int measure_chunk(struct measure *m, uint64_t off, uint32_t n)
{
	struct segment array = npy_segment(&m->npy);
	const struct segment_cut cut = { &array, 1 };
	struct span spans[SPAN_MAX];
	struct codec_result result;
	struct codec_context with = { .codec = m->codec, .spans = spans };
	int err = m->read(m->ctx, m->raw, n, off);

	if (err)
		return err;
	with.n_spans = format_spans(&cut, off, n, spans);
	for (unsigned i = 0, at = 0; i < with.n_spans; at += spans[i++].len_bytes)
		moments_add(&m->moments, m->raw + at, &spans[i]);
	err = codec_encode(&with, m->raw, n, m->body, &result);
	if (!err)
		m->coded_bytes += result.body_len;
	return err;
}

/* The whole data of the tensor; chunks end between elements. */
static int measure_data(struct measure *m, uint64_t size)
{
	uint32_t step = CHUNK - CHUNK % m->npy.elem_bytes;
	uint64_t end;
	int err = 0;

	if (!checked_add(m->npy.data_offset, m->npy.data_bytes, &end) || end > size)
		return -ENODATA; /* truncated */
	for (uint64_t off = m->npy.data_offset; off < end && !err; off += step)
		err = measure_chunk(m, off, (uint32_t)min_u64(step, end - off));
	return err;
}

/* False: a statistic overflows, such as the fourth powers of large values. */
static bool get_features(const struct moments *moments, double features[PREDICT_INPUTS])
{
	struct alcm_stats stats;
	bool finite = true;

	moments_stats(moments, &stats);
	predict_features(&stats, features);
	for (int i = 0; i < PREDICT_INPUTS; i++)
		finite = finite && isfinite(features[i]);
	return finite;
}

static int measure_file(struct measure *m, uint64_t size, struct train_sample *out)
{
	uint32_t n = (uint32_t)min_u64(size, CHUNK);
	int err = n ? m->read(m->ctx, m->raw, n, 0) : -ENODATA;

	if (err)
		return err;
	if (!npy_parse(m->raw, n, &m->npy) || m->npy.dtype == DTYPE_BYTES ||
		m->npy.elem_bytes > CHUNK)
		return -ENODATA;
	err = measure_data(m, size);
	if (err)
		return err;
	if (!m->moments.n || !get_features(&m->moments, out->features))
		return -ENODATA;
	out->target = fmin(fmax((double)m->coded_bytes / (double)m->npy.data_bytes,
						   TRAIN_LEAST),
		TRAIN_MOST);
	return 0;
}

int train_measure(int (*read)(void *ctx, void *buf, size_t n, uint64_t off), void *ctx,
	uint64_t size, struct train_sample *out)
{
	AUTO_FREE uint8_t *raw = mem_alloc_aligned(CHUNK),
					  *body = mem_alloc(codec_bound(CHUNK));
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
