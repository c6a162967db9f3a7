/* SPDX-License-Identifier: MIT */
/* One raw DEFLATE stream (RFC 1951) by zlib. */
#include "base/alloc.h"
#include "coder/coder_state.h"

enum { RAW_WINDOW_BITS = -15, DEFAULT_LEVEL = 6, MEM_LEVEL = 9 };

static void *z_alloc(void *opaque, unsigned n, unsigned size)
{
	(void)opaque;
	return mem_zalloc(n, size);
}

static void z_free(void *opaque, void *p)
{
	(void)opaque;
	mem_free(p);
}

bool deflate_state_init(struct coder_state *state)
{
	state->deflater.zalloc = state->inflater.zalloc = z_alloc;
	state->deflater.zfree = state->inflater.zfree = z_free;
	state->deflate_level = DEFAULT_LEVEL;
	if (deflateInit2(&state->deflater, DEFAULT_LEVEL, Z_DEFLATED, RAW_WINDOW_BITS, MEM_LEVEL,
		    Z_DEFAULT_STRATEGY) != Z_OK)
		return false;
	return inflateInit2(&state->inflater, RAW_WINDOW_BITS) == Z_OK;
}

void deflate_state_release(struct coder_state *state)
{
	/* zlib looks at the state pointer: a stream that was never made is no harm. */
	(void)deflateEnd(&state->deflater);
	(void)inflateEnd(&state->inflater);
}

static size_t deflate_encode(struct coder_state *state, int level, const uint8_t *in, size_t n,
	uint8_t *out, size_t room)
{
	z_stream *z = &state->deflater;

	if (n > UINT32_MAX || room > UINT32_MAX || deflateReset(z) != Z_OK)
		return 0;
	if (level != state->deflate_level) {
		if (deflateParams(z, level, Z_DEFAULT_STRATEGY) != Z_OK)
			return 0;
		state->deflate_level = level;
	}
	/* zlib's input pointer has no const, but zlib only reads. */
	z->next_in = (z_const Bytef *)(uintptr_t)in;
	z->avail_in = (uInt)n;
	z->next_out = out;
	z->avail_out = (uInt)room;
	return deflate(z, Z_FINISH) == Z_STREAM_END ? room - z->avail_out : 0;
}

static bool deflate_decode(struct coder_state *state, const uint8_t *in, size_t in_len,
	uint8_t *out, size_t n)
{
	z_stream *z = &state->inflater;

	if (n > UINT32_MAX || in_len > UINT32_MAX || inflateReset(z) != Z_OK)
		return false;
	z->next_in = (z_const Bytef *)(uintptr_t)in;
	z->avail_in = (uInt)in_len;
	z->next_out = out;
	z->avail_out = (uInt)n;
	return inflate(z, Z_FINISH) == Z_STREAM_END && z->avail_in == 0 && z->avail_out == 0;
}

const struct coder coder_deflate = {
	.name = "deflate",
	.encode = deflate_encode,
	.decode = deflate_decode,
};
