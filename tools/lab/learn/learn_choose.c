/* SPDX-License-Identifier: MIT */
/*
 * Learning which search for matches pays. Its results on planes of generated data depend
 * on the versions of zlib and zstd. So they are recorded once, in a file in the tree
 * (learn_record), and learnt from that file (learn_choose).
 *
 *     a row:    inputs of the network, then bytes without a search, with zstd -9,
 *               with deflate -6 and with zstd -16
 *
 * An example, with bytes only: 1000, 996, 980, 975. zstd -9 beats no search by more than
 * 0.2 %, deflate beats that by more than 0.4 %, and zstd -16 beats deflate by 0.5 %,
 * which is less than the 2 % that it must gain for its time. The class is deflate.
 *
 * The codec makes the planes, with an observer that sees each of them and its inputs. So
 * what is learnt from is exactly what the network is asked about.
 */
#include <string.h>

#include "base/alloc.h"
#include "codec/choose.h"
#include "codec/codec_state.h"
#include "kinds.h"
#include "learn.h"
#include "softmax_train.h"

enum { CHUNK = 256 << 10, ROUNDS = 36, MAX_ROWS = 8192 };

/* A choice must beat the others by this factor; slow searches must gain more. */
static const double must_gain[N_CHOICES] = {
	[CHOICE_GOOD] = 1.002, [CHOICE_DEFLATE] = 1.004, [CHOICE_STRONG] = 1.02
};

static const struct softmax_options options = {
	.n_inputs = CHOOSE_INPUTS, .n_classes = N_CHOICES, .n_epochs = 60, .seed = 42
};

/* ---- recording --------------------------------------------------------------------- */

struct recorder {
	struct choice_observer observer;
	struct coder_state *coders;
	FILE *to;
	uint8_t out[CHUNK + 1024];
};

/* Output that isn't smaller counts as the input's size: the codec would store it. */
static size_t len_by(struct recorder *r, uint8_t coder, int effort, const uint8_t *in,
	uint32_t n)
{
	size_t len = coder_find(coder)->encode(r->coders, effort, in, n, r->out,
		sizeof(r->out));

	return len && len < n ? len : n;
}

/* Called by the codec for each plane; small ones say little. */
static void record(struct choice_observer *self, struct codec *codec, const float *inputs,
	const uint8_t *in, uint32_t n)
{
	struct recorder *r = (struct recorder *)self;

	(void)codec;
	if (n < 2048)
		return;
	for (unsigned i = 0; i < CHOOSE_INPUTS; i++)
		fprintf(r->to, "%.4g,", (double)inputs[i]);
	fprintf(r->to, "%zu,%zu,%zu,%zu\n", (size_t)(inputs[6] * (float)n + 0.5f),
		len_by(r, CODER_ZSTD, 9, in, n), len_by(r, CODER_DEFLATE, 6, in, n),
		len_by(r, CODER_ZSTD, 16, in, n));
}

int learn_record(FILE *to)
{
	static uint8_t raw[CHUNK], body[2 * CHUNK];
	struct recorder r = { .observer = { record }, .to = to };
	struct codec *codec;
	struct mt19937 mt;

	if (codec_new(CHUNK, &codec) || coder_state_new(&r.coders))
		return -1;
	codec->observer = &r.observer;
	mt19937_seed(&mt, 4711);
	for (unsigned i = 0; i < ROUNDS * n_kinds; i++) {
		const struct kind *kind = &kinds[i % n_kinds];
		struct inference as = {
			.kind = kind->kind, .dtype = kind->dtype, .big_endian = kind->big_endian
		};
		uint32_t n = i / n_kinds % 3 ? CHUNK : 32 << 10;
		struct span spans[SPAN_MAX];
		struct codec_context with = { .codec = codec, .spans = spans };
		struct codec_result result;

		kinds_make(&mt, kind, raw, n);
		with.n_spans = infer_spans(&as, n, spans);
		if (codec_encode(&with, raw, n, body, &result))
			return -1;
	}
	coder_state_free(r.coders);
	codec_free(codec);
	return 0;
}

/* ---- learning ---------------------------------------------------------------------- */

/* From fast to slow, so that a slow search must beat the best fast one by its factor. */
static unsigned right_choice(const double lens[N_CHOICES])
{
	unsigned best = CHOICE_NONE;

	for (unsigned k = 1; k < N_CHOICES; k++) {
		if (lens[best] > lens[k] * must_gain[k])
			best = k;
	}
	return best;
}

/* Read a row: the inputs, then the bytes of each choice in the order of `enum choice`. */
static int read_row(FILE *from, struct softmax_sample *out)
{
	double lens[N_CHOICES];

	for (unsigned i = 0; i < CHOOSE_INPUTS; i++) {
		if (fscanf(from, "%f,", &out->features[i]) != 1)
			return -1;
	}
	for (unsigned i = 0; i < N_CHOICES; i++) {
		if (fscanf(from, i + 1 < N_CHOICES ? "%lf," : "%lf", &lens[i]) != 1)
			return -1;
	}
	out->class = right_choice(lens);
	return 0;
}

int learn_choose(FILE *from, FILE *to)
{
	AUTO_FREE struct softmax_sample *samples = mem_zalloc(MAX_ROWS, sizeof(*samples));
	AUTO_FREE struct softmax_weights *weights = mem_zalloc(1, sizeof(*weights));
	size_t n = 0, n_class[N_CHOICES] = { 0 };

	if (!samples || !weights)
		return -1;
	while (n < MAX_ROWS && read_row(from, &samples[n]) == 0)
		n_class[samples[n++].class]++;
	if (!n)
		return -1;
	fprintf(stderr, "%zu planes, of which %zu none, %zu good, %zu deflate, %zu strong; ",
		n, n_class[CHOICE_NONE], n_class[CHOICE_GOOD], n_class[CHOICE_DEFLATE],
		n_class[CHOICE_STRONG]);
	fprintf(stderr, "loss %.4f bits\n", softmax_train(&options, samples, n, weights));
	softmax_print(&options, weights, "choose_weights", "codec/choose.h",
		"alcm-lab learn choose tools/lab/learn/choices.csv > core/codec/choose_weights.c",
		to);
	return 0;
}
