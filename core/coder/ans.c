/* SPDX-License-Identifier: MIT */
/*
 * The table rows of coders `ans` and `ans wide`. They are the same but for 32 or 64
 * states and the form of their tables: more states decode faster, and take more bytes to
 * store.
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
