/* SPDX-License-Identifier: MIT */
#include "coder/coder_table.h"

#include <errno.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "base/alloc.h"
#include "base/le.h"
#include "coder/ans.h"
#include "coder/histogram.h"

/* Limits that zstd.h names only for static linking. */
enum { ZSTD_HASHLOG_MIN = 6, SYMBOLS_WINDOW_LOG = 17 };

/* Places in a table of matches, for strong efforts: 4 bytes each. */
enum { MAX_TABLE_LOG = 18 };

struct coder_state {
	ZSTD_CCtx *zc;
	ZSTD_DCtx *zd;
	z_stream deflate, inflate;
	int deflate_level; /* that the stream is set up for */
	int have_deflate, have_inflate;
	uint32_t row_len, row_skip;
	const uint32_t *counts; /* of the plane to encode */
	struct ans_scratch *ans;
};

int coder_state_new(struct coder_state **out)
{
	struct coder_state *s = mem_zalloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->zc = ZSTD_createCCtx();
	s->zd = ZSTD_createDCtx();
	s->deflate_level = 6;
	s->have_deflate = deflateInit2(&s->deflate, 6, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY) ==
		Z_OK;
	s->have_inflate = inflateInit2(&s->inflate, -15) == Z_OK;
	s->ans = ans_scratch_new();
	if (!s->ans || !s->zc || !s->zd || !s->have_deflate || !s->have_inflate) {
		coder_state_free(s);
		return -ENOMEM;
	}
	*out = s;
	return 0;
}

void coder_state_free(struct coder_state *s)
{
	if (!s)
		return;
	ZSTD_freeCCtx(s->zc);
	ZSTD_freeDCtx(s->zd);
	ans_scratch_free(s->ans);
	if (s->have_deflate)
		deflateEnd(&s->deflate);
	if (s->have_inflate)
		inflateEnd(&s->inflate);
	mem_free(s);
}

void coder_set_rows(struct coder_state *s, uint32_t row_len, uint32_t row_skip)
{
	s->row_len = row_len;
	s->row_skip = row_skip;
}

void coder_set_counts(struct coder_state *s, const uint32_t counts[256])
{
	s->counts = counts;
}

static size_t raw_encode(struct coder_state *s, int effort, const uint8_t *in, size_t n,
	uint8_t *out, size_t room)
{
	(void)s;
	(void)effort;
	if (n > room)
		return 0;
	memcpy(out, in, n);
	return n;
}

static int raw_decode(struct coder_state *s, const uint8_t *in, size_t len, uint8_t *out, size_t n)
{
	(void)s;
	if (len != n)
		return -EIO;
	memcpy(out, in, n);
	return 0;
}

static size_t constant_encode(struct coder_state *s, int effort, const uint8_t *in, size_t n,
	uint8_t *out, size_t room)
{
	(void)s;
	(void)effort;
	if (!room || memcmp(in, in + 1, n - 1) != 0)
		return 0;
	out[0] = in[0];
	return 1;
}

static int constant_decode(struct coder_state *s, const uint8_t *in, size_t len, uint8_t *out,
	size_t n)
{
	(void)s;
	if (len != 1)
		return -EIO;
	memset(out, in[0], n);
	return 0;
}

static size_t deflate_encode(struct coder_state *s, int effort, const uint8_t *in, size_t n,
	uint8_t *out, size_t room)
{
	z_stream *z = &s->deflate;

	if (deflateReset(z) != Z_OK)
		return 0;
	z->next_out = out;
	z->avail_out = (uInt)room;
	if (effort != s->deflate_level) {
		z->next_in = NULL;
		z->avail_in = 0;
		if (deflateParams(z, effort, Z_DEFAULT_STRATEGY) != Z_OK)
			return 0;
		s->deflate_level = effort;
	}
	z->next_in = (z_const Bytef *)(uintptr_t)in;
	z->avail_in = (uInt)n;
	return deflate(z, Z_FINISH) == Z_STREAM_END ? room - z->avail_out : 0;
}

static int deflate_decode(struct coder_state *s, const uint8_t *in, size_t len, uint8_t *out,
	size_t n)
{
	z_stream *z = &s->inflate;

	if (inflateReset(z) != Z_OK)
		return -EIO;
	z->next_in = (z_const Bytef *)(uintptr_t)in;
	z->avail_in = (uInt)len;
	z->next_out = out;
	z->avail_out = (uInt)n;
	return inflate(z, Z_FINISH) == Z_STREAM_END && !z->avail_in && !z->avail_out ? 0 : -EIO;
}

/* No more than codec_memory() promises, and no more than pays: the library clears them each time. */
static int table_log(size_t n)
{
	int log = ZSTD_HASHLOG_MIN;

	while (log < MAX_TABLE_LOG && (size_t)1 << log < 2 * n)
		log++;
	return log;
}

static size_t zstd_encode(struct coder_state *s, int effort, const uint8_t *in, size_t n,
	uint8_t *out, size_t room)
{
	size_t len;

	ZSTD_CCtx_reset(s->zc, ZSTD_reset_session_and_parameters);
	if (effort == CODER_SYMBOLS_ONLY) {
		/* Hardly any match is found in so small a table, so what remains is the entropy
		   coder; small blocks give it a table for each few thousand values. */
		ZSTD_CCtx_setParameter(s->zc, ZSTD_c_strategy, ZSTD_fast);
		ZSTD_CCtx_setParameter(s->zc, ZSTD_c_minMatch, 7);
		ZSTD_CCtx_setParameter(s->zc, ZSTD_c_hashLog, ZSTD_HASHLOG_MIN);
		ZSTD_CCtx_setParameter(s->zc, ZSTD_c_windowLog, SYMBOLS_WINDOW_LOG);
	} else {
		ZSTD_CCtx_setParameter(s->zc, ZSTD_c_compressionLevel, effort);
		ZSTD_CCtx_setParameter(s->zc, ZSTD_c_hashLog, table_log(n));
		ZSTD_CCtx_setParameter(s->zc, ZSTD_c_chainLog, table_log(n));
	}
	len = ZSTD_compress2(s->zc, out, room, in, n);
	return ZSTD_isError(len) ? 0 : len;
}

static int zstd_decode(struct coder_state *s, const uint8_t *in, size_t len, uint8_t *out,
	size_t n)
{
	/*
	 * One frame of RFC 8878, of all the bytes: the library would go on with a second one, and
	 * reads frames of its early versions too.
	 */
	if (len < 4 || le_get32(in) != ZSTD_MAGICNUMBER ||
		ZSTD_findFrameCompressedSize(in, len) != len)
		return -EIO;
	return ZSTD_decompressDCtx(s->zd, out, n, in, len) == n ? 0 : -EIO;
}

static size_t encode_ans(struct coder_state *s, unsigned n_states, const uint8_t *in, size_t n,
	uint8_t *out, size_t room)
{
	struct ans_plane plane = { in, (uint32_t)n, s->row_len, s->row_skip, s->counts, n_states };
	uint32_t counts[256];

	if (!plane.counts) {
		histogram_of(in, n, counts);
		plane.counts = counts;
	}
	return ans_encode(&plane, out, room);
}

static size_t ans_encode_plane(struct coder_state *s, int effort, const uint8_t *in, size_t n,
	uint8_t *out, size_t room)
{
	(void)effort;
	return encode_ans(s, ANS_STATES, in, n, out, room);
}

static size_t ans_wide_encode_plane(struct coder_state *s, int effort, const uint8_t *in,
	size_t n, uint8_t *out, size_t room)
{
	(void)effort;
	return encode_ans(s, ANS_WIDE_STATES, in, n, out, room);
}

static int ans_decode_plane(struct coder_state *s, const uint8_t *in, size_t len, uint8_t *out,
	size_t n)
{
	return ans_decode(s->ans, ANS_STATES, in, len, out, (uint32_t)n);
}

static int ans_wide_decode_plane(struct coder_state *s, const uint8_t *in, size_t len,
	uint8_t *out, size_t n)
{
	return ans_decode(s->ans, ANS_WIDE_STATES, in, len, out, (uint32_t)n);
}

static const struct coder table[] = {
	[CODER_RAW] = { "raw", raw_encode, raw_decode },
	[CODER_CONSTANT] = { "constant", constant_encode, constant_decode },
	[CODER_DEFLATE] = { "deflate", deflate_encode, deflate_decode },
	[CODER_ZSTD] = { "zstd", zstd_encode, zstd_decode },
	[CODER_ANS] = { "ans", ans_encode_plane, ans_decode_plane },
	[CODER_ANS_WIDE] = { "ans wide", ans_wide_encode_plane, ans_wide_decode_plane },
	[CODER_BINS] = { "bins", NULL, NULL },
};

enum { N_CODERS = sizeof(table) / sizeof(table[0]) };

const struct coder *coder_find(uint8_t id)
{
	return id < N_CODERS && table[id].decode ? &table[id] : NULL;
}

const char *coder_name(uint8_t id)
{
	return id < N_CODERS ? table[id].name : "?";
}
