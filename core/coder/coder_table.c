/* SPDX-License-Identifier: MIT */
#include "coder/coder_table.h"

#include "base/alloc.h"
#include "coder/coder_state.h"

static const struct coder *const table[CODER_COUNT] = {
	[CODER_RAW] = &coder_raw,
	[CODER_CONSTANT] = &coder_constant,
	[CODER_DEFLATE] = &coder_deflate,
	[CODER_ZSTD] = &coder_zstd,
};

const struct coder *coder_get(uint8_t id)
{
	return id < CODER_COUNT ? table[id] : NULL;
}

struct coder_state *coder_state_new(void)
{
	struct coder_state *state = mem_zalloc(1, sizeof(*state));

	if (!state)
		return NULL;
	if (!deflate_state_init(state) || !zstd_state_init(state)) {
		coder_state_free(state);
		return NULL;
	}
	return state;
}

void coder_state_free(struct coder_state *state)
{
	if (!state)
		return;
	deflate_state_release(state);
	zstd_state_release(state);
	mem_free(state);
}
