/* SPDX-License-Identifier: MIT */
/* Coder `raw`: the plane as it is. Every plane can be coded with it, so encoding can't
   fail. */
#include <errno.h>
#include <string.h>

#include "coder/coder_table.h"

static size_t encode(struct coder_state *s, int effort, const uint8_t *in, size_t n,
	uint8_t *out, size_t capacity)
{
	(void)s;
	(void)effort;
	if (n > capacity)
		return 0;
	memcpy(out, in, n);
	return n;
}

static int decode(struct coder_state *s, const uint8_t *in, size_t len, uint8_t *out,
	size_t n)
{
	(void)s;
	if (len != n)
		return -EIO;
	memcpy(out, in, n);
	return 0;
}

const struct coder_ops coder_raw = { .name = "raw", .encode = encode, .decode = decode };
