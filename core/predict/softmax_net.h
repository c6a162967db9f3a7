/* SPDX-License-Identifier: MIT */
/*
 * A network that tells classes apart, like the paper's predictor: features → 64 (ReLU) →
 * a softmax over the classes. Weights are multiples of 1/1024, so that they are short and
 * exact in source code. Results are the same on every machine.
 */
#ifndef ALCM_PREDICT_SOFTMAX_NET_H
#define ALCM_PREDICT_SOFTMAX_NET_H

#include <stdint.h>

enum {
	SOFTMAX_HIDDEN = 64,
	SOFTMAX_MAX_INPUTS = 64,
	SOFTMAX_MAX_CLASSES = 16,
	SOFTMAX_UNIT = 1024, /* stored weights are in units of 1 / this */
};

struct softmax_net {
	unsigned n_inputs, n_classes;
	const int16_t (*w1)[SOFTMAX_HIDDEN]; /* of each input */
	const int16_t *b1;
	const int16_t (*w2)[SOFTMAX_MAX_CLASSES]; /* of each hidden unit */
	const int16_t *b2;
};

/* The probability of each class. Features should be about 0 … 1 and must be finite. */
void softmax_classify(const struct softmax_net *net, const float *features,
	float *probabilities);

/* Turn logits into probabilities, in place. */
void softmax_of(float *logits, unsigned n);

#endif
