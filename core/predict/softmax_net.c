/* SPDX-License-Identifier: MIT */
/*
 * A small classifier: one hidden layer and a softmax, in floats that add in a fixed
 * order.
 *
 * Weights are integers in units of 1/1024. Sums are made in that unit, which is exact for
 * the biases, and divided once: the hidden units behind the ReLU, and the logits at the
 * end. Dividing by a power of two changes no mantissa, so it costs no precision.
 */
#include "predict/softmax_net.h"

#include "predict/portable_math.h"

static const float log2_of_e = 1.44269504f;

/* The largest logit is subtracted first, so that no power overflows. */
void softmax_of(float *logits, unsigned n)
{
	float most = logits[0], sum = 0;

	for (unsigned c = 1; c < n; c++)
		most = logits[c] > most ? logits[c] : most;
	for (unsigned c = 0; c < n; c++) {
		logits[c] = portable_exp2((logits[c] - most) * log2_of_e);
		sum += logits[c];
	}
	for (unsigned c = 0; c < n; c++)
		logits[c] /= sum;
}

void softmax_classify(const struct softmax_net *net, const float *features,
	float *probabilities)
{
	float hidden[SOFTMAX_HIDDEN], logits[SOFTMAX_MAX_CLASSES];

	/* The inner loop is over units: vectors do several at once, and each unit's sum has
	   one order. */
	for (unsigned h = 0; h < SOFTMAX_HIDDEN; h++)
		hidden[h] = net->b1[h];
	for (unsigned i = 0; i < net->n_inputs; i++) {
		for (unsigned h = 0; h < SOFTMAX_HIDDEN; h++)
			hidden[h] += features[i] * net->w1[i][h];
	}
	/* Always 16 logits, however many classes there are: loops of a constant length are
	   whole vectors. The spare ones aren't looked at. */
	for (unsigned c = 0; c < SOFTMAX_MAX_CLASSES; c++)
		logits[c] = c < net->n_classes ? net->b2[c] : 0;
	for (unsigned h = 0; h < SOFTMAX_HIDDEN; h++) {
		float v = hidden[h] > 0 ? hidden[h] / SOFTMAX_UNIT : 0;

		for (unsigned c = 0; c < SOFTMAX_MAX_CLASSES; c++)
			logits[c] += v * net->w2[h][c];
	}
	for (unsigned c = 0; c < net->n_classes; c++)
		probabilities[c] = logits[c] / SOFTMAX_UNIT;
	softmax_of(probabilities, net->n_classes);
}
