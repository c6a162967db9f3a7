/* SPDX-License-Identifier: MIT */
/* Inference by a network. It is asked eight times, once for each place modulo 8 where
   elements may begin. It answers with a class, or that no element begins there. */
#ifndef ALCM_PREDICT_INFER_NET_H
#define ALCM_PREDICT_INFER_NET_H

#include "predict/infer_sample.h"
#include "predict/softmax_net.h"

enum {
	/*
	 * Per position: its entropy, and the shares of zeros, of 0xff, of bytes with the high
	 * bit, and of bytes that end floats near 1. Then entropies modulo 4, 2 and 1, and the
	 * share of text.
	 */
	INFER_INPUTS = 5 * INFER_POSITIONS + 4 + 2 + 1 + 1,
};

/* The meaning of the classes; the last one is "misaligned". */
struct infer_class {
	enum infer_kind kind;
	enum dtype_id dtype;
	bool big_endian;
};

#define INFER_CLASSES 14
#define INFER_MISALIGNED (INFER_CLASSES - 1)

/* infer_weights.c, generated. */
extern const struct softmax_net infer_weights;

struct infer_features {
	float entropies8[INFER_POSITIONS], entropies4[4], entropies2[2], entropy;
	float zeros[INFER_POSITIONS], ones[INFER_POSITIONS], high[INFER_POSITIONS],
		near_one[INFER_POSITIONS], text;
};

void infer_features_measure(const struct infer_sample *s, struct infer_features *f);

/* The inputs, if elements begin at place `phase` modulo 8. */
void infer_inputs(const struct infer_features *f, unsigned phase,
	float inputs[INFER_INPUTS]);

/* Judge a sample by the network. */
void infer_by_net(const struct infer_sample *s, struct inference *out);

#endif
