/* SPDX-License-Identifier: MIT */
/*
 * Inference on any bytes: its answer is within its bounds, the spans tile, and what the
 * codec makes of them comes back. The first byte says how often the others are repeated,
 * since chunks are large, and whether they are coded.
 */
#include <stdlib.h>
#include <string.h>

#include "codec/codec.h"
#include "predict/infer.h"

enum { CHUNK = 64 << 10 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void check(struct codec *codec, const uint8_t *raw, uint32_t n)
{
	static uint8_t body[2 * CHUNK], back[CHUNK];
	struct span spans[SPAN_MAX];
	struct codec_result result;
	struct inference in;
	uint32_t sum = 0;
	struct codec_context with = { .codec = codec, .spans = spans };
	unsigned n_spans;

	infer_chunk(raw, n, &in);
	require(in.kind < INFER_KINDS && in.dtype < DTYPE_COUNT);
	require(in.phase < dtype_get(in.dtype)->width_bytes);
	require(in.confidence >= 0 && in.confidence <= 1);
	n_spans = infer_spans(&in, n, spans);
	require(n_spans >= 1 && n_spans <= SPAN_MAX);
	for (unsigned i = 0; i < n_spans; i++) {
		require(spans[i].len_bytes && spans[i].len_bytes % spans[i].elem_bytes == 0);
		sum += spans[i].len_bytes;
	}
	require(sum == n);
	if (!codec)
		return;
	with.n_spans = n_spans;
	require(!codec_encode(&with, raw, n, body, &result));
	require(!codec_decode(&with, body, result.body_len, back, n));
	require(!memcmp(raw, back, n));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct codec *codec; /* kept: making one costs more than a run */
	struct infer_survey survey = { 0 };
	char reason[INFER_REASON_BYTES];
	uint8_t *raw;
	size_t n, times;

	if (size < 2 || size > CHUNK || (!codec && codec_new(CHUNK, &codec)))
		return 0;
	times = 1 + data[0] % 16;
	if (times > CHUNK / (size - 1))
		times = CHUNK / (size - 1);
	n = times * (size - 1);
	raw = malloc(n); /* exact, so that a sanitizer sees every byte read beyond it */
	require(raw);
	for (size_t k = 0; k < times; k++)
		memcpy(raw + k * (size - 1), data + 1, size - 1);
	/* Coding takes a hundred times as long as guessing. */
	check(data[0] == 3 ? codec : NULL, raw, (uint32_t)n);
	infer_survey_begin(&survey, raw, n);
	infer_survey_add(&survey, raw, (uint32_t)n);
	(void)infer_survey_verdict(&survey, reason);
	require(memchr(reason, 0, sizeof(reason)));
	free(raw);
	return 0;
}
