/* SPDX-License-Identifier: MIT */
/*
 * The predictor is a network with one hidden layer of ReLU units:
 *
 *     z = W2 · max(0, W1 · features + b1) + b2
 *     entropy = 0.2 + 0.7 / (1 + exp(-z))
 *
 * train_gradient() is its back-propagation; descend() takes one step after every sample.
 * With a = 1 / (1 + exp(-z)) and miss = entropy − target:
 *
 *     loss     = miss²
 *     dloss/dz = 2 · miss · 0.7 · a · (1 − a)
 *
 * The paper's samples are TRAIN_SYNTHETIC gradients whose target is a formula of their
 * share of zeros, and they are learnt in the order in which they were made. Real tensors
 * have features of very different sizes, so for them features are standardised. That is a
 * linear map, which fold() puts into W1 and b1 afterwards: the codec needs no scaling,
 * and the file of weights has one form.
 */
#include "train.h"

#include <errno.h>
#include <math.h>

#include "base/diag.h"
#include "mt19937.h"
#include "predict/weights_text.h"
#include "synth.h"
#include "tensor/stats.h"

enum { SIDE = 50 }; /* rows and columns of a training tensor */

static const double rate = 0.001;

const struct train_options train_paper_options = { .seed = 42, .n_epochs = 10 };

/* Features become (x − mean) · scale. */
struct scaling {
	double mean[PREDICT_INPUTS], scale[PREDICT_INPUTS];
};

void train_synthetic_samples(struct train_sample samples[TRAIN_SYNTHETIC])
{
	for (uint32_t epoch = 0; epoch < TRAIN_SYNTHETIC; epoch++) {
		float values[SIDE * SIDE];
		const struct span span = {
			.len_bytes = sizeof(values),
			.elem_bytes = sizeof(values[0]),
			.dtype = DTYPE_F32,
			.big_endian = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__,
		};
		struct moments moments = { 0 };
		struct alcm_stats stats;

		synth_gradient(epoch, SIDE, SIDE, values);
		moments_add(&moments, (const uint8_t *)values, &span);
		moments_stats(&moments, &stats);
		predict_features(&stats, samples[epoch].features);
		samples[epoch].target = 0.3 + 0.5 * (1 - stats.sparsity);
	}
}

/* In the order in which the reference draws them; another order gives other weights. */
void train_init(struct predict_weights *w, uint32_t seed)
{
	double limit1 = sqrt(6.0 / (PREDICT_INPUTS + PREDICT_HIDDEN));
	double limit2 = sqrt(6.0 / (PREDICT_HIDDEN + 1));
	struct mt19937 mt;

	mt19937_seed(&mt, seed);
	for (int h = 0; h < PREDICT_HIDDEN; h++) {
		for (int i = 0; i < PREDICT_INPUTS; i++)
			w->w1[h][i] = mt19937_uniform(&mt, -limit1, limit1);
		w->b1[h] = 0;
	}
	for (int h = 0; h < PREDICT_HIDDEN; h++)
		w->w2[h] = mt19937_uniform(&mt, -limit2, limit2);
	w->b2 = 0;
}

/* dz is the derivative by z; below it, units at 0 pass nothing on. */
double train_gradient(const struct predict_weights *w, const struct train_sample *sample,
	struct predict_weights *gradient)
{
	double hidden[PREDICT_HIDDEN];
	double a = 1 / (1 + exp(-predict_forward(w, sample->features, hidden)));
	double miss = 0.2 + 0.7 * a - sample->target;
	double dz = 2 * miss * 0.7 * a * (1 - a);

	gradient->b2 = dz;
	for (int h = 0; h < PREDICT_HIDDEN; h++) {
		double dh = hidden[h] > 0 ? dz * w->w2[h] : 0;

		gradient->w2[h] = dz * hidden[h];
		gradient->b1[h] = dh;
		for (int i = 0; i < PREDICT_INPUTS; i++)
			gradient->w1[h][i] = dh * sample->features[i];
	}
	return miss * miss;
}

/* Plain stochastic gradient descent with a constant rate, as in the paper. */
static void descend(struct predict_weights *w, const struct predict_weights *gradient)
{
	for (int h = 0; h < PREDICT_HIDDEN; h++) {
		for (int i = 0; i < PREDICT_INPUTS; i++)
			w->w1[h][i] -= rate * gradient->w1[h][i];
		w->b1[h] -= rate * gradient->b1[h];
		w->w2[h] -= rate * gradient->w2[h];
	}
	w->b2 -= rate * gradient->b2;
}

/* Mean and deviation of every feature over all samples. */
static struct scaling measure(const struct train_sample *samples, size_t n)
{
	struct scaling s;

	for (int i = 0; i < PREDICT_INPUTS; i++) {
		double sum = 0, squares = 0, sigma;

		for (size_t k = 0; k < n; k++)
			sum += samples[k].features[i] / (double)n;
		for (size_t k = 0; k < n; k++)
			squares += pow(samples[k].features[i] - sum, 2) / (double)n;
		sigma = sqrt(squares);
		s.mean[i] = sum;
		/* A constant feature has no information (1e-12: it only varies by rounding), nor
		   has Inf. */
		s.scale[i] = sigma > 1e-12 * fabs(sum) && isfinite(sigma) ? 1 / sigma : 0;
	}
	return s;
}

static struct train_sample scaled(const struct scaling *s,
	const struct train_sample *sample)
{
	struct train_sample out = { .target = sample->target };

	for (int i = 0; i < PREDICT_INPUTS; i++)
		out.features[i] = (sample->features[i] - s->mean[i]) * s->scale[i];
	return out;
}

/* Change the weights so that unscaled features give the result that scaled ones gave. W1
   · (x − mean) · scale = (W1 · scale) · x − (W1 · scale) · mean. */
static void fold(const struct scaling *s, struct predict_weights *w)
{
	for (int h = 0; h < PREDICT_HIDDEN; h++) {
		for (int i = 0; i < PREDICT_INPUTS; i++) {
			w->w1[h][i] *= s->scale[i];
			w->b1[h] -= w->w1[h][i] * s->mean[i];
		}
	}
}

static int check_samples(const struct train_sample *samples, size_t n,
	struct alcm_diag *diag)
{
	if (n == 0)
		return diag_set(diag, -EINVAL, 0, "no samples to train on");
	for (size_t k = 0; k < n; k++) {
		/* The comparison is false for NaN. */
		if (!(samples[k].target >= TRAIN_LEAST && samples[k].target <= TRAIN_MOST))
			return diag_set(diag, -EINVAL, 0, "sample %zu: target %g not in %g … %g", k,
				samples[k].target, TRAIN_LEAST, TRAIN_MOST);
		for (int i = 0; i < PREDICT_INPUTS; i++) {
			if (!isfinite(samples[k].features[i]))
				return diag_set(diag, -EINVAL, 0, "sample %zu: feature %d is %g", k, i,
					samples[k].features[i]);
		}
	}
	return 0;
}

/* In the order of the samples, without shuffling, as in the paper. `*out` is only set if
   all weights are finite and in range (weights_check()): a rate too high for the data
   makes them grow without end, and the codec must not get those. */
int train_run(const struct train_sample *samples, size_t n,
	const struct train_options *options, struct predict_weights *out,
	struct alcm_diag *diag)
{
	struct predict_weights w, gradient;
	struct scaling scaling = { 0 };
	int err = check_samples(samples, n, diag);

	if (err)
		return err;
	if (options->standardise)
		scaling = measure(samples, n);
	train_init(&w, options->seed);
	for (unsigned epoch = 1; epoch <= options->n_epochs; epoch++) {
		double loss = 0;

		for (size_t k = 0; k < n; k++) {
			struct train_sample sample = options->standardise
				? scaled(&scaling, &samples[k])
				: samples[k];

			loss += train_gradient(&w, &sample, &gradient);
			descend(&w, &gradient);
		}
		if (options->progress)
			options->progress(options->ctx, epoch, loss / (double)n);
	}
	if (options->standardise)
		fold(&scaling, &w);
	err = weights_check(&w, diag);
	if (err)
		return -ERANGE;
	*out = w;
	return 0;
}
