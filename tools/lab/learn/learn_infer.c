/* SPDX-License-Identifier: MIT */
/*
 * Training the network that infers element types. Samples are generated data of all
 * kinds, read from their first byte and from two random offsets. If an offset isn't a
 * multiple of the element size, the class is "misaligned". So the network also learns the
 * phase.
 *
 *   a piece of float32, phase 0    class "float32"
 *                       phase 2    class "misaligned"
 *                       phase 4    class "float32"
 *
 * In use the network is asked at each place, and a pair of type and phase is judged by
 * its answers at all places where an element would begin (predict/infer_net.c). The
 * classes are the rows of kinds[], in that order, and one more; a new kind changes the
 * order and thus needs training.
 */
#include "base/alloc.h"
#include "kinds.h"
#include "learn.h"
#include "predict/infer_net.h"
#include "softmax_train.h"

enum { PER_KIND = 500, PHASES = 3, BIG_ENDIAN_EACH = 8, SOME_BYTES = 40 << 10 };

static const struct softmax_options options = {
	.n_inputs = INFER_INPUTS, .n_classes = INFER_CLASSES, .n_epochs = 24, .seed = 42
};

/* The classes are kinds[] in the same order, and "misaligned". */
static unsigned class_at(unsigned kind, unsigned phase)
{
	return phase % dtype_get(kinds[kind].dtype)->width_bytes ? INFER_MISALIGNED : kind;
}

/* Samples of one piece: at offset 0, and at two random offsets. Half of the pieces are
   short, since small tensors are common and give less certain statistics. */
static size_t add_piece(struct mt19937 *mt, unsigned kind, struct softmax_sample *out)
{
	static uint8_t bytes[SOME_BYTES];
	uint32_t len = mt19937_bits(mt) & 1 ? SOME_BYTES : 2048;
	struct infer_features f;
	struct infer_sample s;

	kinds_make(mt, &kinds[kind], bytes, len);
	infer_sample_take(&s, bytes, len);
	infer_features_measure(&s, &f);
	for (unsigned k = 0; k < PHASES; k++) {
		unsigned phase = k ? mt19937_bits(mt) % INFER_POSITIONS : 0;

		infer_inputs(&f, phase, out[k].features);
		out[k].class = class_at(kind, phase);
	}
	return PHASES;
}

int learn_infer(FILE *to)
{
	AUTO_FREE struct softmax_sample *samples = mem_zalloc((size_t)n_kinds * PER_KIND *
			PHASES,
		sizeof(*samples));
	AUTO_FREE struct softmax_weights *weights = mem_zalloc(1, sizeof(*weights));
	struct mt19937 mt;
	size_t n = 0;

	if (!samples || !weights)
		return -1;
	mt19937_seed(&mt, 2026);
	for (unsigned i = 0; i < PER_KIND; i++) {
		for (unsigned k = 0; k < n_kinds; k++) {
			/* Big-endian floats are rare, and easily confused with others. */
			if (!kinds[k].big_endian || i % BIG_ENDIAN_EACH == 0)
				n += add_piece(&mt, k, samples + n);
		}
	}
	fprintf(stderr, "%zu samples, loss %.4f bits\n", n,
		softmax_train(&options, samples, n, weights));
	softmax_print(&options, weights, "infer_weights", "predict/infer_net.h",
		"alcm-lab learn infer > core/predict/infer_weights.c", to);
	return 0;
}
