/* SPDX-License-Identifier: MIT */
/* Sums over the rows of a report, which are sorted by path: by directory and by a run's
   steps. */
#ifndef ALCM_TOOLS_REPORT_SUMS_H
#define ALCM_TOOLS_REPORT_SUMS_H

#include "report_model.h"

/* Order of paths: a directory's own files, then its directories, each with what is below
   it. */
int path_compare(const char *a, const char *b);

/* Fill report->dirs, and report->series with its steps. False: out of memory. */
bool report_sum_dirs(struct report *report);
bool report_sum_series(struct report *report);

#endif
