/* SPDX-License-Identifier: MIT */
/*
 * The table rows of coders `ans` and `ans wide`. They are the same but for 32 or 64
 * states and the form of their tables: more states decode faster, and take more bytes to
 * store.
 *
 *   ans_plan.c     how many tables, and which value has which
 *   ans_encode.c   frequencies, tables, the portable loop; from the last value on
 *   ans_decode.c   the same backwards; all checks of hostile input
 *   ans_avx2.c, ans_avx512.c   the loops for vectors; the bytes are the same
 *
 * A state x lies within [2^16, 2^32). A symbol of frequency f, of 2^11, that starts at
 * slot s is put into it like this, and taken out by the inverse:
 *
 *   if x ≥ f · 2^21:  give away the lower 16 bits of x; x = ⌊x / 2^16⌋
 *   x = ⌊x / f⌋ · 2^11 + x mod f + s
 *
 * One word is always enough, and x stays within its range: below f · 2^21 it ends below
 * 2^21 · 2^11, and from f · 2^5 on it ends at 2^5 · 2^11 or above.
 */
#include "coder/ans.h"

#include "coder/coder_table.h"
#include "coder/histogram.h"

static void *state_new(void)
{
	return ans_scratch_new();
}

static void state_free(void *own)
{
	ans_scratch_free(own);
}

/*
 * Counts usually come from the planner (coder_set_counts()), which has made them already.
 */
static size_t encode(struct coder_state *s, unsigned n_states, const uint8_t *in,
	size_t n, uint8_t *out, size_t capacity)
{
	struct ans_plane plane = { in, (uint32_t)n, s->row_len, s->row_skip, s->counts,
		n_states };
	uint32_t counts[256];

	if (!plane.counts) {
		histogram_of(in, n, counts);
		plane.counts = counts;
	}
	return ans_encode(&plane, out, capacity);
}

static size_t encode_narrow(struct coder_state *s, int effort, const uint8_t *in,
	size_t n, uint8_t *out, size_t capacity)
{
	(void)effort;
	return encode(s, ANS_STATES, in, n, out, capacity);
}

static size_t encode_wide(struct coder_state *s, int effort, const uint8_t *in, size_t n,
	uint8_t *out, size_t capacity)
{
	(void)effort;
	return encode(s, ANS_WIDE_STATES, in, n, out, capacity);
}

static int decode_narrow(struct coder_state *s, const uint8_t *in, size_t len,
	uint8_t *out, size_t n)
{
	return ans_decode(s->own[CODER_ANS], ANS_STATES, in, len, out, (uint32_t)n);
}

static int decode_wide(struct coder_state *s, const uint8_t *in, size_t len, uint8_t *out,
	size_t n)
{
	return ans_decode(s->own[CODER_ANS_WIDE], ANS_WIDE_STATES, in, len, out, (uint32_t)n);
}

const struct coder_ops coder_ans = {
	.name = "ans",
	.state_new = state_new,
	.state_free = state_free,
	.encode = encode_narrow,
	.decode = decode_narrow,
};

const struct coder_ops coder_ans_wide = {
	.name = "ans wide",
	.state_new = state_new,
	.state_free = state_free,
	.encode = encode_wide,
	.decode = decode_wide,
};
