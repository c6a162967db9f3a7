/* SPDX-License-Identifier: MIT */
/*
 * Training of a softmax_net: cross-entropy and Adam, with the same bits on every machine.
 */
#ifndef ALCM_LAB_SOFTMAX_TRAIN_H
#define ALCM_LAB_SOFTMAX_TRAIN_H

#include <stdint.h>
#include <stdio.h>

#include "predict/softmax_net.h"

struct softmax_sample {
	float features[SOFTMAX_MAX_INPUTS];
	unsigned class;
};

struct softmax_options {
	unsigned n_inputs, n_classes, n_epochs;
	uint32_t seed;
};

struct softmax_weights {
	float w1[SOFTMAX_MAX_INPUTS][SOFTMAX_HIDDEN], b1[SOFTMAX_HIDDEN];
	float w2[SOFTMAX_HIDDEN][SOFTMAX_MAX_CLASSES], b2[SOFTMAX_MAX_CLASSES];
};

/*
 * Train on n samples, and shuffle them. Returns the mean loss of the last epoch, in bits.
 */
double softmax_train(const struct softmax_options *options,
	struct softmax_sample *samples, size_t n, struct softmax_weights *out);

/* Print a C source that defines `const struct softmax_net NAME`, declared in `header`. */
void softmax_print(const struct softmax_options *options, const struct softmax_weights *w,
	const char *name, const char *header, const char *command, FILE *to);

#endif
