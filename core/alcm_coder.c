/* SPDX-License-Identifier: MIT */
/* A file's chunks through the codec, without a blob around them. */
#include <errno.h>

#include "alcm.h"
#include "base/alloc.h"
#include "codec/codec.h"
#include "codec/guess.h"
#include "format/format.h"

struct alcm_coder {
	struct codec *codec;
	struct layout layout;
};

int alcm_coder_new(const void *prefix, size_t n, uint32_t chunk_bytes, struct alcm_coder **out)
{
	struct alcm_coder *c = mem_zalloc(1, sizeof(*c));
	int err = c ? codec_new(chunk_bytes, &c->codec) : -ENOMEM;

	if (err) {
		mem_free(c);
		return err;
	}
	format_parse(prefix, n, &c->layout);
	*out = c;
	return 0;
}

void alcm_coder_free(struct alcm_coder *coder)
{
	if (coder)
		codec_free(coder->codec);
	mem_free(coder);
}

unsigned alcm_coder_item_bytes(const struct alcm_coder *coder)
{
	return coder->layout.elem_bytes ? coder->layout.elem_bytes : 1;
}

size_t alcm_coder_bound(uint32_t n)
{
	return codec_bound(n);
}

int64_t alcm_coder_encode(struct alcm_coder *coder, const void *raw, uint32_t n, uint64_t off,
	void *body)
{
	struct layout layout = coder->layout;
	AUTO_FREE struct segment *guesses = NULL;
	struct span spans[SPAN_MAX];
	struct codec_result r;
	size_t n_guesses;
	int err;

	if (!layout.dtype_text[0])
		guesses = codec_guess(&layout, raw, off, n, &n_guesses);
	layout.segments = guesses;
	layout.n_segments = guesses ? n_guesses : 0;
	err = codec_encode(coder->codec, raw, n, spans, format_spans(&layout, off, n, spans),
		body, &r);

	return err ? err : (int64_t)r.body_len;
}

int alcm_coder_decode(struct alcm_coder *coder, const void *body, uint32_t body_len, void *raw,
	uint32_t n)
{
	return codec_decode(coder->codec, body, body_len, raw, n, NULL);
}
