/* SPDX-License-Identifier: MIT */
/*
 * A file's chunks through the codec, without a blob around them: for programs that keep
 * their own files.
 *
 * The prefix is parsed once. If it is a .npy header each chunk's spans follow from its
 * offset; other bytes are guessed at, chunk by chunk (codec/guess.h). A body is as in
 * section 3 of docs/format.md, and says itself what it needs to be decoded. So a coder
 * decodes what another one encoded, whatever its prefix was.
 */
#include <errno.h>

#include "alcm.h"
#include "base/alloc.h"
#include "codec/codec.h"
#include "codec/guess.h"
#include "format/npy.h"

struct alcm_coder {
	struct codec *codec;
	struct segment array; /* of 0 bytes unless the file is a .npy */
};

int alcm_coder_new(const void *prefix, size_t n, uint32_t chunk_bytes,
	struct alcm_coder **out)
{
	struct alcm_coder *c = mem_zalloc(1, sizeof(*c));
	struct npy npy;
	int err = c ? codec_new(chunk_bytes, &c->codec) : -ENOMEM;

	if (err) {
		mem_free(c);
		return err;
	}
	if (npy_parse(prefix, n, &npy))
		c->array = npy_segment(&npy);
	*out = c;
	return 0;
}

void alcm_coder_free(struct alcm_coder *coder)
{
	if (!coder)
		return;
	codec_free(coder->codec);
	mem_free(coder);
}

unsigned alcm_coder_item_bytes(const struct alcm_coder *coder)
{
	return coder->array.bytes ? coder->array.elem_bytes : 1;
}

size_t alcm_coder_bound(uint32_t n)
{
	return codec_bound(n);
}

int64_t alcm_coder_encode(struct alcm_coder *coder, const void *raw, uint32_t n,
	uint64_t off, void *body)
{
	const struct segments all = { .items = &coder->array, .n = coder->array.bytes > 0 };
	struct segment_cut cut;
	struct span spans[SPAN_MAX];
	struct codec_context with = { .codec = coder->codec, .spans = spans };
	struct codec_result r;
	int err;

	segments_cut(&all, off, off + n, &cut);
	codec_guess(&cut, raw, off, n);
	with.n_spans = format_spans(&cut, off, n, spans);
	err = codec_encode(&with, raw, n, body, &r);
	mem_free(cut.items);
	return err ? err : (int64_t)r.body_len;
}

int alcm_coder_decode(struct alcm_coder *coder, const void *body, uint32_t body_len,
	void *raw, uint32_t n)
{
	const struct codec_context with = { .codec = coder->codec };

	return codec_decode(&with, body, body_len, raw, n);
}
