/* SPDX-License-Identifier: MIT */
/* Coder `constant`: the plane is one byte, repeated. Comparing the plane with itself, one
   byte further on, tells that all bytes are equal. */
#include <errno.h>
#include <string.h>

#include "coder/coder_table.h"

static size_t encode(struct coder_state *s, int effort, const uint8_t *in, size_t n,
	uint8_t *out, size_t capacity)
{
	(void)s;
	(void)effort;
	if (!capacity || memcmp(in, in + 1, n - 1) != 0)
		return 0;
	out[0] = in[0];
	return 1;
}

static int decode(struct coder_state *s, const uint8_t *in, size_t len, uint8_t *out,
	size_t n)
{
	(void)s;
	if (len != 1)
		return -EIO;
	memset(out, in[0], n);
	return 0;
}

const struct coder_ops coder_constant = {
	.name = "constant", .encode = encode, .decode = decode
};
