/* SPDX-License-Identifier: MIT */
/*
 * Coder `deflate`: a raw stream of RFC 1951, by zlib. Streams are made once per thread
 * and reset for each plane, as setting one up costs more than coding a short plane.
 *
 * Raw, since header and checksum of zlib's own format would be 6 bytes a plane for what
 * the record has anyway. A negative window means that; 15 bits are its most, 32 KiB.
 * Planes have at most 16 MiB, so their lengths fit into zlib's 32 bits.
 */
#include <errno.h>
#include <zlib.h>

#include "base/alloc.h"
#include "coder/coder_table.h"

enum { FIRST_LEVEL = 6, WINDOW_BITS = -15, MEM_LEVEL = 9 };

struct streams {
	z_stream deflate, inflate;
	int level; /* level of `deflate` */
	int have_deflate, have_inflate;
};

static void state_free(void *own)
{
	struct streams *s = own;

	if (s->have_deflate)
		deflateEnd(&s->deflate);
	if (s->have_inflate)
		inflateEnd(&s->inflate);
	mem_free(s);
}

static void *state_new(void)
{
	struct streams *s = mem_zalloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->level = FIRST_LEVEL;
	s->have_deflate = deflateInit2(&s->deflate, FIRST_LEVEL, Z_DEFLATED, WINDOW_BITS,
						  MEM_LEVEL, Z_DEFAULT_STRATEGY) == Z_OK;
	s->have_inflate = inflateInit2(&s->inflate, WINDOW_BITS) == Z_OK;
	if (s->have_deflate && s->have_inflate)
		return s;
	state_free(s);
	return NULL;
}

/* deflateParams() flushes what is buffered, so it is called before there is any input. */
static size_t encode(struct coder_state *s, int effort, const uint8_t *in, size_t n,
	uint8_t *out, size_t capacity)
{
	struct streams *own = s->own[CODER_DEFLATE];
	z_stream *z = &own->deflate;

	if (deflateReset(z) != Z_OK)
		return 0;
	z->next_out = out;
	z->avail_out = (uInt)capacity;
	if (effort != own->level) {
		z->next_in = NULL;
		z->avail_in = 0;
		if (deflateParams(z, effort, Z_DEFAULT_STRATEGY) != Z_OK)
			return 0;
		own->level = effort;
	}
	z->next_in = (z_const Bytef *)(uintptr_t)in;
	z->avail_in = (uInt)n;
	return deflate(z, Z_FINISH) == Z_STREAM_END ? capacity - z->avail_out : 0;
}

/* Both the input and the output must be used up exactly. */
static int decode(struct coder_state *s, const uint8_t *in, size_t len, uint8_t *out,
	size_t n)
{
	struct streams *own = s->own[CODER_DEFLATE];
	z_stream *z = &own->inflate;

	if (inflateReset(z) != Z_OK)
		return -EIO;
	z->next_in = (z_const Bytef *)(uintptr_t)in;
	z->avail_in = (uInt)len;
	z->next_out = out;
	z->avail_out = (uInt)n;
	return inflate(z, Z_FINISH) == Z_STREAM_END && !z->avail_in && !z->avail_out ? 0
																				 : -EIO;
}

const struct coder_ops coder_deflate = {
	.name = "deflate",
	.state_new = state_new,
	.state_free = state_free,
	.encode = encode,
	.decode = decode,
};
