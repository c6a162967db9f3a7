/* SPDX-License-Identifier: MIT */
/* What can be learnt; each prints the source of its weights. 0, or -1: no memory, or no
   such file. */
#ifndef ALCM_LAB_LEARN_H
#define ALCM_LAB_LEARN_H

#include <stdio.h>

int learn_infer(FILE *to);

/* What searches for matches make of planes of made-up data, a row each; and what is
   learnt from such rows. */
int learn_record(FILE *to);
int learn_choose(FILE *from, FILE *to);

#endif
