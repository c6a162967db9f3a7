/* SPDX-License-Identifier: MIT */
/*
 * Training of the predictor (the paper, "Neural entropy predictor"): squared error, plain
 * gradient descent by sample, Xavier uniform weights from NumPy's generator. Equal
 * samples and seeds give equal bits on one machine; exp() and log() are those of the C
 * library.
 */
#ifndef ALCM_LAB_TRAIN_H
#define ALCM_LAB_TRAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "predict/predict.h"

enum { TRAIN_SYNTHETIC = 50 }; /* tensors of the paper's training set */

/* The range of the network's output. */
#define TRAIN_LEAST 0.2
#define TRAIN_MOST 0.9

struct train_sample {
	double features[PREDICT_INPUTS];
	/* the entropy to learn: coded / raw bits, in TRAIN_LEAST … TRAIN_MOST */
	double target;
};

struct train_options {
	uint32_t seed;     /* of the first weights */
	unsigned n_epochs; /* passes over all samples */
	/*
	 * Train with features of mean 0 and variance 1, and fold that into the resulting W1
	 * and b1: statistics of real tensors differ by magnitudes. The paper uses them
	 * unscaled.
	 */
	bool standardise;
	/* Called after each epoch, from 1. `loss`: the mean squared error during it. May be
	   NULL. */
	void (*progress)(void *ctx, unsigned epoch, double loss);
	void *ctx;
};

/* The paper's options: seed 42, 10 epochs, unscaled features. */
extern const struct train_options train_paper_options;

/* The paper's samples: gradients of 50 × 50 of epochs 0 … 49, target 0.3 + 0.5·(1 −
   sparsity). */
void train_synthetic_samples(struct train_sample samples[TRAIN_SYNTHETIC]);

/*
 * Initial weights: W ~ U(±sqrt(6 / (inputs + outputs))), W1 first, unit by unit; b = 0.
 */
void train_init(struct predict_weights *w, uint32_t seed);

/* The squared error of one sample; `gradient` gets its derivatives. */
double train_gradient(const struct predict_weights *w, const struct train_sample *sample,
	struct predict_weights *gradient);

/*
 * Train on `n` samples, in their order. -EINVAL: no samples, a target outside 0.2 … 0.9,
 * or a feature that is NaN or Inf. -ERANGE: the descent diverged.
 */
int train_run(const struct train_sample *samples, size_t n,
	const struct train_options *options, struct predict_weights *out,
	struct alcm_diag *diag);

/*
 * Measure a tensor file of `size` bytes: its statistics, and its entropy by lossless
 * coding. `read` fills `n` bytes at `off`; its negative errno on failure is returned.
 * -ENODATA: not a tensor, or statistics that aren't finite. -ENOMEM.
 */
int train_measure(int (*read)(void *ctx, void *buf, size_t n, uint64_t off), void *ctx,
	uint64_t size, struct train_sample *out);

#endif
