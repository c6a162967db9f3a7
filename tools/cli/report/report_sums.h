/* SPDX-License-Identifier: MIT */
/* Sums over the sorted rows of a report: by directory, and by step of a run. */
#ifndef ALCM_TOOLS_REPORT_SUMS_H
#define ALCM_TOOLS_REPORT_SUMS_H

#include "report_model.h"

/* The order of paths: the files of a directory first, then its subdirectories,
   recursively. */
int path_compare(const char *a, const char *b);

/* Fill report->dirs, and report->series with its steps. False: out of memory. */
bool report_sum_dirs(struct report *report);
bool report_sum_series(struct report *report);

#endif
