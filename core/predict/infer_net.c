/* SPDX-License-Identifier: MIT */
/*
 * The network's inputs and its answer. Elements may begin at any of eight places, so the
 * features by position are rotated to each place in turn, and the network is asked about
 * it. An element of w bytes begins at 8 / w of the places; the probabilities of these are
 * averaged. A float32 at phase 1 begins at places 1 and 5, so its score is the mean of
 * those two answers; a wrong phase or width averages in places where the network says
 * "misaligned".
 *
 * Training (tools/lab) runs this same code to get its inputs, so classes, features and
 * their order are part of the weights in infer_weights.c: a change here needs new ones.
 */
#include "predict/infer_net.h"

static const struct infer_class infer_classes[INFER_CLASSES] = {
	{ INFER_FLOATS, DTYPE_F16, false }, { INFER_FLOATS, DTYPE_BF16, false },
	{ INFER_FLOATS, DTYPE_F32, false }, { INFER_FLOATS, DTYPE_F64, false },
	{ INFER_FLOATS, DTYPE_F32, true }, { INFER_FLOATS, DTYPE_F64, true },
	{ INFER_INTEGERS, DTYPE_I16, false }, { INFER_INTEGERS, DTYPE_I32, false },
	{ INFER_INTEGERS, DTYPE_I64, false }, { INFER_BYTES, DTYPE_U8, false },
	{ INFER_TEXT, DTYPE_BYTES, false }, { INFER_NOISE, DTYPE_BYTES, false },
	{ INFER_UNKNOWN, DTYPE_BYTES, false },
	{ INFER_UNKNOWN, DTYPE_BYTES, false }, /* misaligned */
};

/* The highest byte of floats from 2^-31 to 2^16, or of float64 from 2^-255 on. */
static bool is_near_one(unsigned v)
{
	return (v & 0x7f) >= 0x30 && (v & 0x7f) < 0x48;
}

/* Shares of byte values that are typical of signs, exponents and small integers. In small
   integers the high bytes are 0, or 0xff if they are negative. */
static void measure_position(const struct infer_sample *s, unsigned p,
	struct infer_features *f)
{
	const uint16_t *counts = s->counts[p];
	uint32_t high = 0, near_one = 0;
	float n = (float)(s->n / INFER_POSITIONS);

	for (unsigned v = 0; v < 256; v++) {
		high += v & 0x80 ? counts[v] : 0;
		near_one += is_near_one(v) ? counts[v] : 0;
	}
	f->zeros[p] = counts[0] / n;
	f->ones[p] = counts[0xff] / n;
	f->high[p] = (float)high / n;
	f->near_one[p] = (float)near_one / n;
}

void infer_features_measure(const struct infer_sample *s, struct infer_features *f)
{
	struct infer_entropies e;
	uint32_t all[256], printable;

	infer_sample_entropies(s, &e);
	for (unsigned p = 0; p < INFER_POSITIONS; p++) {
		f->entropies8[p] = e.of8[p] / 8;
		measure_position(s, p, f);
	}
	for (unsigned p = 0; p < 4; p++)
		f->entropies4[p] = e.of4[p] / 8;
	for (unsigned p = 0; p < 2; p++)
		f->entropies2[p] = e.of2[p] / 8;
	f->entropy = e.of1 / 8;
	infer_sample_merge(s, 0, 1, all);
	printable = all['\t'] + all['\n'] + all['\r'];
	for (unsigned v = ' '; v < 0x7f; v++)
		printable += all[v];
	f->text = (float)printable / (float)s->n;
}

/* The order of the inputs is that of the trained weights. Entropies are in units of 8
   bits and the rest are shares, so all inputs lie within 0 and 1. */
void infer_inputs(const struct infer_features *f, unsigned phase,
	float inputs[INFER_INPUTS])
{
	const float *const of8[] = { f->entropies8, f->zeros, f->ones, f->high, f->near_one };
	unsigned n = 0;

	for (unsigned k = 0; k < sizeof(of8) / sizeof(of8[0]); k++) {
		for (unsigned p = 0; p < INFER_POSITIONS; p++)
			inputs[n++] = of8[k][(phase + p) % INFER_POSITIONS];
	}
	for (unsigned p = 0; p < 4; p++)
		inputs[n++] = f->entropies4[(phase + p) % 4];
	for (unsigned p = 0; p < 2; p++)
		inputs[n++] = f->entropies2[(phase + p) % 2];
	inputs[n++] = f->entropy;
	inputs[n++] = f->text;
}

/* The mean probability of a class over the places where elements of its width begin. */
static float score(const float at[INFER_POSITIONS][INFER_CLASSES], unsigned class,
	unsigned phase)
{
	unsigned width = dtype_get(infer_classes[class].dtype)->width_bytes;
	float sum = 0;

	for (unsigned p = phase; p < INFER_POSITIONS; p += width)
		sum += at[p][class];
	return sum * (float)width / INFER_POSITIONS;
}

/* The best pair of class and phase wins; a constant input is of no class. "Misaligned"
   can't win: it says where elements don't begin, not what they are. */
void infer_by_net(const struct infer_sample *s, struct inference *out)
{
	float at[INFER_POSITIONS][INFER_CLASSES], inputs[INFER_INPUTS];
	struct infer_features f;

	*out = (struct inference){ .kind = INFER_UNKNOWN, .dtype = DTYPE_BYTES };
	infer_features_measure(s, &f);
	if (f.entropy == 0)
		return;
	for (unsigned p = 0; p < INFER_POSITIONS; p++) {
		infer_inputs(&f, p, inputs);
		softmax_classify(&infer_weights, inputs, at[p]);
	}
	for (unsigned class = 0; class < INFER_MISALIGNED; class ++) {
		const struct infer_class *c = &infer_classes[class];

		for (unsigned p = 0; p < dtype_get(c->dtype)->width_bytes; p++) {
			float probability = score(at, class, p);

			if (probability > out->confidence)
				*out = (struct inference){ c->kind, c->dtype, c->big_endian, (uint8_t)p,
					probability };
		}
	}
}
