/* SPDX-License-Identifier: MIT */
/*
 * Coder `zstd`: a frame of RFC 8878, by libzstd. Contexts are made once per thread.
 *
 * A plane is decoded in one call into memory of its own length, so the window that a
 * hostile frame asks for isn't allocated, and a longer output is an error, not an
 * overflow. Neither a dictionary nor a content checksum is written: the record has
 * hashes of the body and of the decoded bytes.
 */
#include <errno.h>
#include <zstd.h>

#include "base/alloc.h"
#include "base/le.h"
#include "coder/coder_table.h"

/* zstd.h defines such limits only for static linking. */
enum { ZSTD_HASHLOG_MIN = 6, SYMBOLS_WINDOW_LOG = 17 };

/* The most entries of a match table, 4 bytes each, with strong efforts. */
enum { MAX_TABLE_LOG = 18 };

struct contexts {
	ZSTD_CCtx *encoder;
	ZSTD_DCtx *decoder;
};

static void state_free(void *own)
{
	struct contexts *c = own;

	ZSTD_freeCCtx(c->encoder);
	ZSTD_freeDCtx(c->decoder);
	mem_free(c);
}

static void *state_new(void)
{
	struct contexts *c = mem_zalloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->encoder = ZSTD_createCCtx();
	c->decoder = ZSTD_createDCtx();
	if (c->encoder && c->decoder)
		return c;
	state_free(c);
	return NULL;
}

/* Tables for n bytes, no larger than useful, as the library clears them each time. */
static int table_log(size_t n)
{
	int log = ZSTD_HASHLOG_MIN;

	while (log < MAX_TABLE_LOG && (size_t)1 << log < 2 * n)
		log++;
	return log;
}

static size_t encode(struct coder_state *s, int effort, const uint8_t *in, size_t n,
	uint8_t *out, size_t capacity)
{
	struct contexts *own = s->own[CODER_ZSTD];
	size_t len;

	ZSTD_CCtx_reset(own->encoder, ZSTD_reset_session_and_parameters);
	if (effort == CODER_SYMBOLS_ONLY) {
		/* So small a table finds hardly any match, which leaves the entropy coder. Small
		   blocks give it a table for every few thousand values. */
		ZSTD_CCtx_setParameter(own->encoder, ZSTD_c_strategy, ZSTD_fast);
		ZSTD_CCtx_setParameter(own->encoder, ZSTD_c_minMatch, 7);
		ZSTD_CCtx_setParameter(own->encoder, ZSTD_c_hashLog, ZSTD_HASHLOG_MIN);
		ZSTD_CCtx_setParameter(own->encoder, ZSTD_c_windowLog, SYMBOLS_WINDOW_LOG);
	} else {
		ZSTD_CCtx_setParameter(own->encoder, ZSTD_c_compressionLevel, effort);
		ZSTD_CCtx_setParameter(own->encoder, ZSTD_c_hashLog, table_log(n));
		ZSTD_CCtx_setParameter(own->encoder, ZSTD_c_chainLog, table_log(n));
	}
	len = ZSTD_compress2(own->encoder, out, capacity, in, n);
	return ZSTD_isError(len) ? 0 : len;
}

static int decode(struct coder_state *s, const uint8_t *in, size_t len, uint8_t *out,
	size_t n)
{
	struct contexts *own = s->own[CODER_ZSTD];

	/* Exactly one frame of RFC 8878: the library would also decode a second one, and
	   reads frames of its early versions. */
	if (len < 4 || le_get32(in) != ZSTD_MAGICNUMBER ||
		ZSTD_findFrameCompressedSize(in, len) != len)
		return -EIO;
	return ZSTD_decompressDCtx(own->decoder, out, n, in, len) == n ? 0 : -EIO;
}

const struct coder_ops coder_zstd = {
	.name = "zstd",
	.state_new = state_new,
	.state_free = state_free,
	.encode = encode,
	.decode = decode,
};
