/* SPDX-License-Identifier: MIT */
/* The paper's ten epochs of synthetic gradients (Table 1), stored by its containers and
   ours. */
#ifndef ALCM_LAB_PAPER_BENCH_H
#define ALCM_LAB_PAPER_BENCH_H

#include "alcm.h"

/* Ways to store a synthetic gradient of 100 × 100 float32 values. */
enum paper_method {
	PAPER_BASELINE, /* numpy.savez_compressed, byte for byte */
	/* the reference's: an .npz with quantised values, mask and scales */
	PAPER_CONTAINER,
	PAPER_PROFILE,  /* the same values, by profile `paper` */
	PAPER_ALCM,     /* the same error, by profile `alcm` */
	PAPER_LOSSLESS, /* by profile `lossless` */
	PAPER_METHODS,
};

enum { PAPER_EPOCHS = 10 };

struct paper_result {
	uint64_t stored_bytes; /* the .npz file, or the coded record body */
	uint64_t file_bytes;   /* the .npz file, or the blob of a .npy file */
	/* median over the repetitions: from values to bytes, and for ours also decoding and
	   comparing */
	double cpu_seconds;
	double ratio, caq; /* of stored_bytes */
	struct alcm_distortion distortion;
};

struct paper_bench {
	struct paper_result epochs[PAPER_EPOCHS][PAPER_METHODS];
	double prune_share[PAPER_EPOCHS]; /* chosen by the scheduler */
	double entropy_loss; /* MSE of the compiled-in predictor on the training tensors */
};

/* Run the ten epochs, each method n_repeats times (1 … 99), on this thread. -EINVAL,
   -ENOMEM; -EIO: a method did not restore its input. */
int paper_bench_run(struct alcm *alcm, unsigned n_repeats, struct paper_bench *out);

/* The name of a method in tables. */
const char *paper_method_name(unsigned method);

#endif
