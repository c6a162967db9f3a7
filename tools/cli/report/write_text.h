/* SPDX-License-Identifier: MIT */
/* What the page says, for a terminal: one file's report, and the files of a directory. */
#ifndef ALCM_TOOLS_WRITE_TEXT_H
#define ALCM_TOOLS_WRITE_TEXT_H

#include "report_model.h"

/* Headline, bits per value by plane, predicted and achieved entropy of the file with
   these metrics. */
bool write_text_file(const char *path, const struct alcm_info *info);

/*
 * The rows of a report as a table with their sum, by a column's key (NULL: by path),
 * `top` at most (0: all); files below `depth` levels of directories are one row each
 * directory. False: out of memory.
 */
bool write_text_files(struct report *report, const char *sort, unsigned depth,
	unsigned top, bool exact);

#endif
