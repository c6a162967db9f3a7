/* SPDX-License-Identifier: MIT */
/* Inside of struct coder_state, for the coders only. */
#ifndef ALCM_CODER_CODER_STATE_H
#define ALCM_CODER_CODER_STATE_H

#include <zlib.h>
#include <zstd.h>

#include "coder/coder_table.h"

struct coder_state {
	z_stream deflater, inflater; /* raw streams; state == NULL: not there */
	int deflate_level;           /* that the deflater is set to */
	ZSTD_CCtx *zstd_encoder;
	ZSTD_DCtx *zstd_decoder;
	int zstd_level;              /* that the encoder is set to; 0 = none yet */
};

extern const struct coder coder_raw, coder_constant, coder_deflate, coder_zstd;

bool deflate_state_init(struct coder_state *state);
void deflate_state_release(struct coder_state *state);
bool zstd_state_init(struct coder_state *state);
void zstd_state_release(struct coder_state *state);

#endif
