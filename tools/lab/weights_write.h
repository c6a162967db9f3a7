/* SPDX-License-Identifier: MIT */
/* Trained weights as a text that a mount takes, and as the C source that is compiled
   in. */
#ifndef ALCM_LAB_WEIGHTS_WRITE_H
#define ALCM_LAB_WEIGHTS_WRITE_H

#include "predict/weights_text.h"

/* For weights_parse(), every bit of them; `*out` is freed with mem_free(). -EINVAL,
   -ENOMEM. */
int weights_print(const struct predict_weights *w, char **out, struct alcm_diag *diag);

/* core/predict/weights.c with these weights; `*out` is freed with mem_free(). -ENOMEM. */
int weights_source(const struct predict_weights *w, char **out);

#endif
