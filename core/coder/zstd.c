/* SPDX-License-Identifier: MIT */
/* One Zstandard frame (RFC 8878), without dictionary or checksum: records have hashes. */
#include "base/le.h"
#include "coder/coder_state.h"

#define FRAME_MAGIC 0xFD2FB528u

enum {
	/* Bound the memory of strong levels, whatever the chunk's size (codec_memory()). */
	MAX_HASH_LOG = 18,
	MAX_CHAIN_LOG = 18,
};

bool zstd_state_init(struct coder_state *state)
{
	state->zstd_encoder = ZSTD_createCCtx();
	state->zstd_decoder = ZSTD_createDCtx();
	return state->zstd_encoder && state->zstd_decoder;
}

void zstd_state_release(struct coder_state *state)
{
	(void)ZSTD_freeCCtx(state->zstd_encoder);
	(void)ZSTD_freeDCtx(state->zstd_decoder);
}

static bool set(ZSTD_CCtx *encoder, ZSTD_cParameter name, int value)
{
	return !ZSTD_isError(ZSTD_CCtx_setParameter(encoder, name, value));
}

/*
 * Only Huffman-coded literals: a table of 64 places for matches of seven bytes finds next to
 * none, and so costs next to nothing. (Negative levels wouldn't do: they leave literals raw.)
 */
static bool set_entropy_only(ZSTD_CCtx *encoder)
{
	return set(encoder, ZSTD_c_strategy, ZSTD_fast) && set(encoder, ZSTD_c_hashLog, 6) &&
		set(encoder, ZSTD_c_minMatch, 7);
}

static bool set_level(struct coder_state *state, int level)
{
	ZSTD_CCtx *encoder = state->zstd_encoder;

	if (level == state->zstd_level)
		return true;
	state->zstd_level = 0;
	if (ZSTD_isError(ZSTD_CCtx_reset(encoder, ZSTD_reset_session_and_parameters)))
		return false;
	if (level == CODER_LEVEL_ENTROPY) {
		if (!set_entropy_only(encoder))
			return false;
	} else if (!set(encoder, ZSTD_c_compressionLevel, level) ||
		!set(encoder, ZSTD_c_hashLog, MAX_HASH_LOG) ||
		!set(encoder, ZSTD_c_chainLog, MAX_CHAIN_LOG)) {
		return false;
	}
	state->zstd_level = level;
	return true;
}

static size_t zstd_encode(struct coder_state *state, int level, const uint8_t *in, size_t n,
	uint8_t *out, size_t room)
{
	if (!set_level(state, level))
		return 0;
	size_t len = ZSTD_compress2(state->zstd_encoder, out, room, in, n);

	return ZSTD_isError(len) ? 0 : len;
}

static bool zstd_decode(struct coder_state *state, const uint8_t *in, size_t in_len, uint8_t *out,
	size_t n)
{
	/* The library would also take several frames, and frames of formats before RFC 8878. */
	if (in_len < 4 || le_get32(in) != FRAME_MAGIC ||
		ZSTD_findFrameCompressedSize(in, in_len) != in_len)
		return false;
	return ZSTD_decompressDCtx(state->zstd_decoder, out, n, in, in_len) == n;
}

const struct coder coder_zstd = { .name = "zstd", .encode = zstd_encode, .decode = zstd_decode };
