/* SPDX-License-Identifier: MIT */
/*
 * Hostile record bodies. Input: two bytes of claimed length, then the body. What decodes
 * must encode and decode to the same bytes again, and every listed plane must add up.
 */
#include <stdlib.h>
#include <string.h>

#include "base/le.h"
#include "codec/codec.h"

enum { CHUNK = 64 << 10 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void check_again(struct codec *codec, const uint8_t *raw, uint32_t n, uint8_t hint)
{
	enum dtype_id dtype = hint % DTYPE_COUNT;
	uint32_t width = dtype_get(dtype)->width_bytes, whole = n - n % width;
	struct span spans[2] = {
		{ .len_bytes = whole,
			.elem_bytes = width,
			.dtype = dtype,
			.big_endian = hint >> 7,
			.row_len = hint & 64 ? 100 : 0,
			.row_skip = hint & 32 ? 7 : 0 },
		{ .len_bytes = n - whole, .elem_bytes = 1, .dtype = DTYPE_BYTES },
	};
	const struct span *first = whole ? spans : spans + 1;
	const struct codec_context with = {
		.codec = codec, .spans = first, .n_spans = whole && n > whole ? 2 : 1
	};
	uint8_t *body = malloc(codec_bound(n)), *back = malloc(n);
	struct codec_result result;

	require(body && back);
	require(!codec_encode(&with, raw, n, body, &result));
	require(result.body_len <= codec_bound(n));
	require(!codec_decode(&with, body, result.body_len, back, n));
	require(!memcmp(raw, back, n));
	free(body);
	free(back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct codec *codec; /* kept: making one costs more than a run */
	struct codec_result planes;
	struct alcm_diag diag;

	if (size < 2 || (!codec && codec_new(CHUNK, &codec)))
		return 0;

	uint32_t n = le_get16(data) + 1u, body_len = (uint32_t)size - 2;
	uint8_t *raw = malloc(n), *body = malloc(body_len ? body_len : 1);

	require(raw && body);
	memcpy(body, data + 2, body_len);

	const struct codec_context with = { .codec = codec, .diag = &diag };
	int listed = codec_planes(body, body_len, n, &planes, &diag);
	int decoded = codec_decode(&with, body, body_len, raw, n);

	require(decoded || !listed);
	if (!decoded)
		check_again(codec, raw, n, data[0]);
	free(raw);
	free(body);
	return 0;
}
