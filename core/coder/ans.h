/* SPDX-License-Identifier: MIT */
/*
 * Coder `ans` (docs/format.md, section 3.4): symbols by their frequencies, with range
 * asymmetric numeral systems (Duda 2013) in 32 or 64 interleaved states. A plane with
 * rows may have several tables, chosen by the levels of the value's row and column:
 * exponents of gradients and moments differ by rows and columns.
 */
#ifndef ALCM_CODER_ANS_H
#define ALCM_CODER_ANS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	ANS_BITS = 11, /* frequencies add up to 2^11 */
	ANS_SLOTS = 1 << ANS_BITS,
	ANS_STATES = 32,
	ANS_WIDE_STATES = 64, /* twice as fast to decode, 96 bytes more, but shorter tables */
	ANS_MAX_TABLES = 8,
	ANS_MIN_BYTES = 4096,          /* a shorter plane isn't worth it */
	ANS_WIDE_MIN_BYTES = 48 << 10, /* a shorter one isn't worth the wide form */
};

/* A plane to encode. */
struct ans_plane {
	const uint8_t *bytes;
	uint32_t n; /* > 0 */
	uint32_t row_len,
		/* rows; the first one begins row_skip bytes before the plane. 0: none */
		row_skip;
	const uint32_t *counts; /* of the 256 symbols */
	unsigned n_states;      /* ANS_STATES or ANS_WIDE_STATES */
};

/* The length, or 0 if it would leave less than 68 bytes of `capacity`. */
size_t ans_encode(const struct ans_plane *plane, uint8_t *out, size_t capacity);

/* Memory for decoding, of one thread. */
struct ans_scratch;
struct ans_scratch *ans_scratch_new(void); /* NULL: no memory */
void ans_scratch_free(struct ans_scratch *scratch);

/* Exactly n bytes. The input is hostile. -EIO. */
int ans_decode(struct ans_scratch *scratch, unsigned n_states, const uint8_t *in,
	size_t len, uint8_t *out, uint32_t n);

#endif
