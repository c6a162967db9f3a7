/* SPDX-License-Identifier: MIT */
/*
 * Adam with weight decay, in batches of 32 samples, with a rate that falls linearly to
 * zero. Only operations that round the same on every machine are used. The result is
 * printed as integers of 16 bits.
 *
 *   features ──► W1, b1 ──► ReLU ──► W2, b2 ──► softmax ──► class
 *   loss = −log2(probability of the right class), so a coin toss has a loss of 1 bit
 *
 * Sums are done in a fixed order, exponential and logarithm are ours
 * (predict/portable_math.h), and sqrtf() is exact by IEEE 754. The compiler may not
 * contract a·b + c, which meson.build sees to. The same seed and samples thus give the
 * same source everywhere.
 *
 * Weights are multiples of 1/SOFTMAX_UNIT in the source; those beyond 16 bits are cut
 * off. Training knows nothing of that: the decay keeps weights small.
 */
#include "softmax_train.h"

#include <math.h>
#include <string.h>

#include "mt19937.h"
#include "predict/portable_math.h"

enum { BATCH = 32, N_WEIGHTS = sizeof(struct softmax_weights) / sizeof(float) };

static const float rate = 0.003f, keep1 = 0.9f, keep2 = 0.999f, decay = 1e-4f;

struct adam {
	struct softmax_weights gradient, mean, square;
	float bias1, bias2;
};

/* Xavier uniform weights; unused inputs and classes stay zero. */
static void start(const struct softmax_options *o, struct mt19937 *mt,
	struct softmax_weights *w)
{
	double limit1 = sqrt(6.0 / (o->n_inputs + SOFTMAX_HIDDEN));
	double limit2 = sqrt(6.0 / (o->n_classes + SOFTMAX_HIDDEN));

	memset(w, 0, sizeof(*w));
	for (unsigned i = 0; i < o->n_inputs; i++) {
		for (unsigned h = 0; h < SOFTMAX_HIDDEN; h++)
			w->w1[i][h] = (float)mt19937_uniform(mt, -limit1, limit1);
	}
	for (unsigned h = 0; h < SOFTMAX_HIDDEN; h++) {
		for (unsigned c = 0; c < o->n_classes; c++)
			w->w2[h][c] = (float)mt19937_uniform(mt, -limit2, limit2);
	}
}

/* Fisher and Yates. */
static void shuffle(struct mt19937 *mt, struct softmax_sample *samples, size_t n)
{
	for (size_t i = n - 1; i > 0; i--) {
		size_t k = mt19937_bits(mt) % (i + 1);
		struct softmax_sample kept = samples[i];

		samples[i] = samples[k];
		samples[k] = kept;
	}
}

/* One forward pass; adds the gradient of the loss to `g`. Returns the loss in bits. */
static float learn_from(const struct softmax_options *o, const struct softmax_weights *w,
	const struct softmax_sample *s, struct softmax_weights *g)
{
	float hidden[SOFTMAX_HIDDEN], out[SOFTMAX_MAX_CLASSES], loss;

	memcpy(hidden, w->b1, sizeof(hidden));
	memcpy(out, w->b2, sizeof(out));
	for (unsigned i = 0; i < o->n_inputs; i++) {
		for (unsigned h = 0; h < SOFTMAX_HIDDEN; h++)
			hidden[h] += s->features[i] * w->w1[i][h];
	}
	for (unsigned h = 0; h < SOFTMAX_HIDDEN; h++) {
		hidden[h] = hidden[h] > 0 ? hidden[h] : 0;
		for (unsigned c = 0; c < SOFTMAX_MAX_CLASSES; c++)
			out[c] += hidden[h] * w->w2[h][c];
	}
	softmax_of(out, o->n_classes);
	loss = -portable_log2(out[s->class] + 1e-20f);
	out[s->class] -= 1;
	for (unsigned c = 0; c < o->n_classes; c++)
		g->b2[c] += out[c];
	for (unsigned h = 0; h < SOFTMAX_HIDDEN; h++) {
		float back = 0;

		for (unsigned c = 0; c < o->n_classes; c++) {
			back += out[c] * w->w2[h][c];
			g->w2[h][c] += out[c] * hidden[h];
		}
		hidden[h] = hidden[h] > 0 ? back : 0;
		g->b1[h] += hidden[h];
	}
	for (unsigned i = 0; i < o->n_inputs; i++) {
		for (unsigned h = 0; h < SOFTMAX_HIDDEN; h++)
			g->w1[i][h] += s->features[i] * hidden[h];
	}
	return loss;
}

/* One step of Adam. The structs are treated as arrays of all their weights. */
static void step(struct adam *a, unsigned n, float speed, struct softmax_weights *weights)
{
	float *w = &weights->w1[0][0], *g = &a->gradient.w1[0][0], *m = &a->mean.w1[0][0],
		  *v = &a->square.w1[0][0];

	a->bias1 *= keep1;
	a->bias2 *= keep2;
	for (unsigned k = 0; k < N_WEIGHTS; k++) {
		float d = g[k] / (float)n + decay * w[k];

		m[k] = keep1 * m[k] + (1 - keep1) * d;
		v[k] = keep2 * v[k] + (1 - keep2) * d * d;
		w[k] -= speed * (m[k] / (1 - a->bias1)) / (sqrtf(v[k] / (1 - a->bias2)) + 1e-8f);
	}
}

double softmax_train(const struct softmax_options *o, struct softmax_sample *samples,
	size_t n, struct softmax_weights *out)
{
	static struct adam adam; /* too large for a stack */
	struct mt19937 mt;
	double loss = 0;

	memset(&adam, 0, sizeof(adam));
	adam.bias1 = adam.bias2 = 1;
	mt19937_seed(&mt, o->seed);
	start(o, &mt, out);
	for (unsigned epoch = 0; epoch < o->n_epochs; epoch++) {
		float speed = rate * (float)(o->n_epochs - epoch) / (float)o->n_epochs;

		shuffle(&mt, samples, n);
		loss = 0;
		for (size_t at = 0; at < n; at += BATCH) {
			unsigned size = n - at < BATCH ? (unsigned)(n - at) : BATCH;

			memset(&adam.gradient, 0, sizeof(adam.gradient));
			for (unsigned k = 0; k < size; k++)
				loss += (double)learn_from(o, out, &samples[at + k], &adam.gradient);
			step(&adam, size, speed, out);
		}
	}
	return loss / (double)n;
}

/* ---- the source -------------------------------------------------------------------- */

/* Rounds to 16 bits, and limits what is beyond them. */
static void print_row(const float *values, unsigned n, FILE *to)
{
	enum { PER_LINE = 12 };

	for (unsigned k = 0; k < n; k++) {
		float v = rintf(values[k] * SOFTMAX_UNIT);

		v = v > INT16_MAX ? INT16_MAX : v < INT16_MIN ? INT16_MIN : v;
		fprintf(to, "%s%d", !k ? "" : k % PER_LINE ? ", " : ",\n\t\t", (int)v);
	}
}

static void print_matrix(const float *values, unsigned n_rows, unsigned pitch,
	const char *name, const char *width, FILE *to)
{
	fprintf(to, "static const int16_t %s[][%s] = {\n", name, width);
	for (unsigned r = 0; r < n_rows; r++) {
		fprintf(to, "\t{ ");
		print_row(values + (size_t)r * pitch, pitch, to);
		fprintf(to, " },\n");
	}
	fprintf(to, "};\n");
}

void softmax_print(const struct softmax_options *o, const struct softmax_weights *w,
	const char *name, const char *header, const char *command, FILE *to)
{
	fprintf(to,
		"/* SPDX-License-Identifier: MIT */\n"
		"/* Not edited; written by:\n *     %s\n */\n"
		"#include \"%s\"\n\n/* clang-format off */\n",
		command, header);
	print_matrix(w->w1[0], o->n_inputs, SOFTMAX_HIDDEN, "w1", "SOFTMAX_HIDDEN", to);
	fprintf(to, "static const int16_t b1[SOFTMAX_HIDDEN] = {\n\t");
	print_row(w->b1, SOFTMAX_HIDDEN, to);
	fprintf(to, "\n};\n");
	print_matrix(w->w2[0], SOFTMAX_HIDDEN, SOFTMAX_MAX_CLASSES, "w2",
		"SOFTMAX_MAX_CLASSES", to);
	fprintf(to, "static const int16_t b2[SOFTMAX_MAX_CLASSES] = {\n\t");
	print_row(w->b2, SOFTMAX_MAX_CLASSES, to);
	fprintf(to,
		"\n};\n\nconst struct softmax_net %s = {\n"
		"\t.n_inputs = %u, .n_classes = %u, .w1 = w1, .b1 = b1, .w2 = w2, .b2 = b2\n};\n",
		name, o->n_inputs, o->n_classes);
}
