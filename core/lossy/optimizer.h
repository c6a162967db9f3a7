/* SPDX-License-Identifier: MIT */
/* Which tensors of a checkpoint are an optimizer's state, by the names that frameworks
   give them. */
#ifndef ALCM_LOSSY_OPTIMIZER_H
#define ALCM_LOSSY_OPTIMIZER_H

#include <stdbool.h>

/*
 * Whether a tensor of this name belongs to an optimizer: a run that goes on with moments
 * which are not its own is another run, so lossy profiles never touch them. A name that
 * says nothing is no optimizer's.
 */
bool lossy_is_optimizer(const char *name);

#endif
