/* SPDX-License-Identifier: MIT */
/* Recognises tensors of an optimizer's state by the names that frameworks give them. */
#ifndef ALCM_LOSSY_OPTIMIZER_H
#define ALCM_LOSSY_OPTIMIZER_H

#include <stdbool.h>

/*
 * Whether a tensor of this name belongs to an optimizer. Lossy profiles never touch
 * those: a run that continues with changed moments is a different run. An unknown name is
 * taken for no optimizer's.
 */
bool lossy_is_optimizer(const char *name);

#endif
