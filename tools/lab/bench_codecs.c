/* SPDX-License-Identifier: MIT */
/*
 * The codecs of the benchmark, behind one interface. Each keeps its contexts between
 * chunks, as a program that uses the library would, and gets the same chunks of 256 KiB.
 *
 *   bench_coder_new()   contexts for one thread; `prefix` is the beginning of the data
 *   codec->encode()     a chunk into a buffer of codec->bound() bytes; 0: it failed
 *   codec->decode()     back into exactly n bytes; any other result counts as failed
 *
 * To add a codec:
 *
 *   1. functions bound, encode, decode and version; #ifdef if the library is optional
 *   2. a row of `bench_codecs`; `slow` for one that takes seconds a round
 *   3. the library in meson.build, if it is new
 *
 * Row 0 is ours: the tables compare all others with it. A codec's level is in its name,
 * since a comparison without it says nothing. Only blosc is told the size of an element,
 * as only its interface takes one; ours finds types by itself, as in a mount.
 */
#include "bench_codecs.h"

#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>
#ifdef ALCM_HAVE_LZ4
#include <lz4.h>
#endif
#ifdef ALCM_HAVE_BLOSC
#include <blosc.h>
#endif

#include "alcm.h"

struct bench_coder {
	const struct bench_codec *codec;
	struct alcm_coder *ours; /* the others only use its item size */
	ZSTD_CCtx *zstd_c;
	ZSTD_DCtx *zstd_d;
};

struct bench_coder *bench_coder_new(const struct bench_codec *codec, const void *prefix,
	size_t n)
{
	struct bench_coder *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->codec = codec;
	c->zstd_c = ZSTD_createCCtx();
	c->zstd_d = ZSTD_createDCtx();
	if (c->zstd_c && c->zstd_d && alcm_coder_new(prefix, n, BENCH_CHUNK, &c->ours) == 0)
		return c;
	bench_coder_free(c);
	return NULL;
}

void bench_coder_free(struct bench_coder *c)
{
	if (!c)
		return;
	ZSTD_freeCCtx(c->zstd_c);
	ZSTD_freeDCtx(c->zstd_d);
	alcm_coder_free(c->ours);
	free(c);
}

static size_t alcm_bound(size_t n)
{
	return alcm_coder_bound((uint32_t)n);
}

static const char *alcm_version(void)
{
	return ALCM_VERSION;
}

static size_t alcm_encode(struct bench_coder *c, const uint8_t *raw, size_t n,
	uint64_t off, uint8_t *out, size_t capacity)
{
	int64_t len = alcm_coder_encode(c->ours, raw, (uint32_t)n, off, out);

	(void)capacity;
	return len > 0 ? (size_t)len : 0;
}

static size_t alcm_decode(struct bench_coder *c, const uint8_t *in, size_t len,
	uint8_t *raw, size_t n)
{
	return alcm_coder_decode(c->ours, in, (uint32_t)len, raw, (uint32_t)n) ? 0 : n;
}

static size_t zlib_bound(size_t n)
{
	return compressBound(n);
}

/* compress2() has no context to keep: it makes one for each call, which is part of zlib's
   usual cost. */
static size_t zlib_encode(struct bench_coder *c, const uint8_t *raw, size_t n,
	uint64_t off, uint8_t *out, size_t capacity)
{
	uLongf len = capacity;

	(void)off;
	return compress2(out, &len, raw, n, c->codec->level) == Z_OK ? len : 0;
}

static size_t zlib_decode(struct bench_coder *c, const uint8_t *in, size_t len,
	uint8_t *raw, size_t n)
{
	uLongf got = n;

	(void)c;
	return uncompress(raw, &got, in, len) == Z_OK ? got : 0;
}

static size_t zstd_encode(struct bench_coder *c, const uint8_t *raw, size_t n,
	uint64_t off, uint8_t *out, size_t capacity)
{
	size_t len = ZSTD_compressCCtx(c->zstd_c, out, capacity, raw, n, c->codec->level);

	(void)off;
	return ZSTD_isError(len) ? 0 : len;
}

static size_t zstd_decode(struct bench_coder *c, const uint8_t *in, size_t len,
	uint8_t *raw, size_t n)
{
	size_t got = ZSTD_decompressDCtx(c->zstd_d, raw, n, in, len);

	return ZSTD_isError(got) ? 0 : got;
}

#ifdef ALCM_HAVE_LZ4
static size_t lz4_bound(size_t n)
{
	return (size_t)LZ4_compressBound((int)n);
}

/* LZ4's "level" is an acceleration; 1 is the default, and compresses best. */
static size_t lz4_encode(struct bench_coder *c, const uint8_t *raw, size_t n,
	uint64_t off, uint8_t *out, size_t capacity)
{
	int len = LZ4_compress_fast((const char *)raw, (char *)out, (int)n, (int)capacity,
		c->codec->level);

	(void)off;
	return len > 0 ? (size_t)len : 0;
}

static size_t lz4_decode(struct bench_coder *c, const uint8_t *in, size_t len,
	uint8_t *raw, size_t n)
{
	int got = LZ4_decompress_safe((const char *)in, (char *)raw, (int)len, (int)n);

	(void)c;
	return got > 0 ? (size_t)got : 0;
}
#endif

#ifdef ALCM_HAVE_BLOSC
static const char *blosc_version(void)
{
	return BLOSC_VERSION_STRING;
}

static size_t blosc_bound(size_t n)
{
	return n + BLOSC_MAX_OVERHEAD;
}

/* Blosc shuffles bytes or bits by the size of an item; 1 means no shuffling. */
static size_t blosc_encode(struct bench_coder *c, const uint8_t *raw, size_t n,
	uint64_t off, uint8_t *out, size_t capacity)
{
	unsigned item = alcm_coder_item_bytes(c->ours);
	int len = blosc_compress_ctx(c->codec->level, c->codec->shuffle,
		item <= BLOSC_MAX_TYPESIZE ? item : 1, n, raw, out, capacity, "zstd", 0, 1);

	(void)off;
	return len > 0 ? (size_t)len : 0;
}

/* The length is in blosc's own header. */
static size_t blosc_decode(struct bench_coder *c, const uint8_t *in, size_t len,
	uint8_t *raw, size_t n)
{
	int got = blosc_decompress_ctx(in, raw, n, 1);

	(void)c;
	(void)len;
	return got > 0 ? (size_t)got : 0;
}
#endif

#define ZLIB(n, is_slow)                                                          \
	{                                                                             \
		.name = "zlib -" #n, .level = n, .slow = is_slow, .version = zlibVersion, \
		.bound = zlib_bound, .encode = zlib_encode, .decode = zlib_decode         \
	}
#define ZSTD(n, is_slow)                                                                 \
	{                                                                                    \
		.name = "zstd -" #n, .level = n, .slow = is_slow, .version = ZSTD_versionString, \
		.bound = ZSTD_compressBound, .encode = zstd_encode, .decode = zstd_decode        \
	}
#define BLOSC(title, how)                                                    \
	{                                                                        \
		.name = title, .level = 5, .shuffle = how, .version = blosc_version, \
		.bound = blosc_bound, .encode = blosc_encode, .decode = blosc_decode \
	}

const struct bench_codec bench_codecs[] = {
	{ .name = "alcm",
		.ours = true,
		.version = alcm_version,
		.bound = alcm_bound,
		.encode = alcm_encode,
		.decode = alcm_decode },
	ZLIB(6, true),
	ZLIB(9, true),
	ZSTD(1, false),
	ZSTD(3, false),
	ZSTD(19, true),
#ifdef ALCM_HAVE_LZ4
	{ .name = "lz4",
		.level = 1,
		.version = LZ4_versionString,
		.bound = lz4_bound,
		.encode = lz4_encode,
		.decode = lz4_decode },
#endif
#ifdef ALCM_HAVE_BLOSC
	BLOSC("blosc shuffle zstd", BLOSC_SHUFFLE),
	BLOSC("blosc bitshuffle zstd", BLOSC_BITSHUFFLE),
#endif
};
const size_t bench_n_codecs = sizeof(bench_codecs) / sizeof(bench_codecs[0]);
