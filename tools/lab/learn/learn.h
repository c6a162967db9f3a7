/* SPDX-License-Identifier: MIT */
/* The trainings. Each prints the source of its weights. 0, or -1: out of memory, or no
   such file. */
#ifndef ALCM_LAB_LEARN_H
#define ALCM_LAB_LEARN_H

#include <stdio.h>

int learn_infer(FILE *to);

/* Record the results of searches for matches on planes of generated data, a row each;
   learn from such rows. */
int learn_record(FILE *to);
int learn_choose(FILE *from, FILE *to);

#endif
