/* SPDX-License-Identifier: MIT */
/* The plane itself. */
#include <string.h>

#include "coder/coder_state.h"

static size_t raw_encode(struct coder_state *state, int level, const uint8_t *in, size_t n,
	uint8_t *out, size_t room)
{
	(void)state;
	(void)level;
	if (n > room)
		return 0;
	memcpy(out, in, n);
	return n;
}

static bool raw_decode(struct coder_state *state, const uint8_t *in, size_t in_len, uint8_t *out,
	size_t n)
{
	(void)state;
	if (in_len != n)
		return false;
	memcpy(out, in, n);
	return true;
}

const struct coder coder_raw = { .name = "raw", .encode = raw_encode, .decode = raw_decode };
