/* SPDX-License-Identifier: MIT */
/*
 * The question to the network that chooses searches for matches, and its answer. The
 * inputs are figures of a plane, scaled to about 0 … 1. Their order is that of the
 * trained weights.
 */
#include "codec/choose.h"

#include "predict/portable_math.h"

/*
 * The probability from which on a choice is tried: a slow search must be likely to pay.
 */
static const float least_probability[N_CHOICES] = {
	[CHOICE_GOOD] = 0.15f, [CHOICE_DEFLATE] = 0.25f, [CHOICE_STRONG] = 0.5f
};

/* Entropy of the differences of neighbouring bytes, in bits, from a sample in the middle.
   So few bytes make it come out low. */
static float entropy_of_differences(const uint8_t *in, uint32_t n)
{
	uint32_t counts[256] = { 0 }, len = n < FIGURES_SAMPLE ? n : FIGURES_SAMPLE;
	const uint8_t *piece = in + (n - len) / 2;
	float sum = 0;

	if (len < 2)
		return 0;
	for (uint32_t i = 1; i < len; i++)
		counts[(uint8_t)(piece[i] - piece[i - 1])]++;
	for (unsigned v = 0; v < 256; v++) {
		if (counts[v])
			sum += (float)counts[v] * portable_log2((float)counts[v]);
	}
	return portable_log2((float)(len - 1)) - sum / (float)(len - 1);
}

/* The number of byte values that occur. */
static unsigned distinct(const struct figures *f)
{
	unsigned n = 0;

	for (unsigned v = 0; v < 256; v++)
		n += f->counts[v] > 0;
	return n;
}

void choose_inputs(const uint8_t *in, uint32_t n, const struct figures *f, enum look look,
	uint32_t symbols_len, uint32_t fast_len, float inputs[CHOOSE_INPUTS])
{
	struct repeats repeats;
	float excess = (float)f->run_excess, size = (float)n;

	figures_repeats(in, n, 1, &repeats);
	inputs[0] = portable_log2(size) / 18;
	inputs[1] = (float)f->entropy / 8;
	inputs[2] = portable_log2(1 + (excess < 255 ? excess : 255)) / 8;
	inputs[3] = (float)f->chance;
	inputs[4] = (float)(f->chance * f->run_excess);
	inputs[5] = (float)symbols_len / size;
	inputs[6] = (float)fast_len / size;
	inputs[7] = 1 - (float)fast_len / (float)symbols_len;
	inputs[8] = (float)repeats.fours;
	inputs[9] = (float)repeats.eights;
	inputs[10] = (float)distinct(f) / 256;
	inputs[11] = entropy_of_differences(in, n) / 8;
	inputs[12] = n < PLAN_LARGE;
	for (unsigned k = LOOK_ZSTD; k <= LOOK_HARD; k++)
		inputs[13 + k - LOOK_ZSTD] = look == k;
}

void choose_matches(const float inputs[CHOOSE_INPUTS], bool tries[N_CHOICES])
{
	float probabilities[SOFTMAX_MAX_CLASSES];

	softmax_classify(&choose_weights, inputs, probabilities);
	for (unsigned k = 0; k < N_CHOICES; k++)
		tries[k] = k != CHOICE_NONE && probabilities[k] >= least_probability[k];
}
