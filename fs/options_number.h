/* SPDX-License-Identifier: MIT */
/* Options that are numbers: one table of their ranges, one way to read and refuse them. */
#ifndef ALCMFS_OPTIONS_NUMBER_H
#define ALCMFS_OPTIONS_NUMBER_H

#include "options.h"

/* The table's row of the option that `arg`, "NAME=TEXT", sets; -1: not a number's. */
int options_number_find(const char *arg);

/* Put the number of `arg` into `opt`; false, after saying why, unless it is in its range. */
bool options_number_take(struct options *opt, int row, const char *arg);

#endif
