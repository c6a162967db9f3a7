/* SPDX-License-Identifier: MIT */
/*
 * One step for the whole tensor instead of the paper's scale per channel, with the same
 * squared error. The paper's scales follow the channels' means, which don't tell how
 * finely values must be told apart. At a given error, entropy-coded values need the
 * fewest bits when all steps are equal (Gish and Pierce 1968).
 */
#ifndef ALCM_LOSSY_UNIFORM_H
#define ALCM_LOSSY_UNIFORM_H

#include "lossy/lossy_apply.h"

/*
 * The largest step whose squared error over the tensor is at most that of `paper` (fitted
 * to the same source with `paper_shape`), found by trying. It is for lossy_apply() with a
 * shape of one channel. Tensors of more than some millions of values are sampled. Nothing
 * is pruned except values that round to 0. -ENODATA: the paper's quantisation makes no
 * error, or there are no finite values; -ENOMEM, or the source's error.
 */
int uniform_fit(const struct value_source *source, const struct lossy_shape *paper_shape,
	const struct lossy_params *paper, struct lossy_params *out);

#endif
