/* SPDX-License-Identifier: MIT */
/* One byte for a plane of equal bytes. */
#include <string.h>

#include "coder/coder_state.h"

static size_t constant_encode(struct coder_state *state, int level, const uint8_t *in, size_t n,
	uint8_t *out, size_t room)
{
	(void)state;
	(void)level;
	/* Each byte equals the one before it: then all are equal. */
	if (room < 1 || memcmp(in, in + 1, n - 1) != 0)
		return 0;
	out[0] = in[0];
	return 1;
}

static bool constant_decode(struct coder_state *state, const uint8_t *in, size_t in_len,
	uint8_t *out, size_t n)
{
	(void)state;
	if (in_len != 1)
		return false;
	memset(out, in[0], n);
	return true;
}

const struct coder coder_constant = {
	.name = "constant",
	.encode = constant_encode,
	.decode = constant_decode,
};
