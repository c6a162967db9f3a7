/* SPDX-License-Identifier: MIT */
/*
 * Each coder by itself. The first byte of the input chooses one and what is done:
 *
 *   bit 7 = 0   two bytes of claimed length, then hostile bytes to be decoded into just
 *               that many
 *   bit 7 = 1   two bytes: an effort, rows; the rest is encoded in every room there can
 *               be, and decoded
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/le.h"
#include "coder/coder_table.h"

enum { N_IDS = 32, N_EFFORTS = 4 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

/* In blocks of their own, so that a sanitizer sees every byte beside them. */
static uint8_t *copy_of(const uint8_t *bytes, size_t n)
{
	uint8_t *copy = malloc(n ? n : 1);

	require(copy);
	memcpy(copy, bytes, n);
	return copy;
}

static void decode(struct coder_state *state, const struct coder_ops *coder,
	const uint8_t *data, size_t size)
{
	size_t n = le_get16(data) + (size_t)1;
	uint8_t *in = copy_of(data + 2, size - 2), *out = malloc(n), *again = malloc(n);
	int err = coder->decode(state, in, size - 2, out, n);

	require(again);
	/* What decodes does so again: nothing hangs on what was in memory before. */
	memset(again, 0x5a, n);
	require(coder->decode(state, in, size - 2, again, n) == err);
	require(err || memcmp(out, again, n) == 0);
	free(in);
	free(out);
	free(again);
}

static void round_trip(struct coder_state *state, const struct coder_ops *coder,
	const uint8_t *data, size_t size)
{
	static const int efforts[N_EFFORTS] = { 1, 3, 9, CODER_SYMBOLS_ONLY };
	size_t n = size - 2, capacity = n + 64;
	uint8_t *in = copy_of(data + 2, n), *back = malloc(n), *coded = malloc(capacity);

	require(back && coded);
	coder_set_rows(state, data[1] >> 2, data[1] & 3);
	coder_set_counts(state, NULL);

	size_t len = coder->encode(state, efforts[data[0] % N_EFFORTS], in, n, coded,
		capacity);

	require(len <= capacity);
	if (len) {
		uint8_t *exact = copy_of(coded, len), *tight = malloc(len);

		require(!coder->decode(state, exact, len, back, n) && !memcmp(in, back, n));
		/* One byte less of room must not be overrun. */
		require(coder->encode(state, efforts[data[0] % N_EFFORTS], in, n, tight,
					len - 1) < len);
		free(exact);
		free(tight);
	}
	free(in);
	free(back);
	free(coded);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct coder_state *state; /* kept: making one costs more than a run */
	const struct coder_ops *coder;

	if (size < 4 || (!state && coder_state_new(&state)))
		return 0;
	coder = coder_find(data[0] % N_IDS);
	if (!coder || coder->codes)
		return 0;
	(data[0] & 0x80 ? round_trip : decode)(state, coder, data + 1, size - 1);
	return 0;
}
