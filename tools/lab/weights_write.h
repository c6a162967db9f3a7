/* SPDX-License-Identifier: MIT */
/* Trained weights as text for a mount, and as the C source of the built-in ones. */
#ifndef ALCM_LAB_WEIGHTS_WRITE_H
#define ALCM_LAB_WEIGHTS_WRITE_H

#include "predict/weights_text.h"

/* A text for weights_parse(), exact to the bit. `*out` is freed with mem_free(). -EINVAL,
   -ENOMEM. */
int weights_print(const struct predict_weights *w, char **out, struct alcm_diag *diag);

/* The source core/predict/weights.c. `*out` is freed with mem_free(). -ENOMEM. */
int weights_source(const struct predict_weights *w, char **out);

#endif
