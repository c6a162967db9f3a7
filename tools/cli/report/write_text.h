/* SPDX-License-Identifier: MIT */
/* The same content as the page, for a terminal: one file, or the files of a directory. */
#ifndef ALCM_TOOLS_WRITE_TEXT_H
#define ALCM_TOOLS_WRITE_TEXT_H

#include "report_model.h"

/* Headline, bits per value by plane, and predicted and achieved entropy of a file. */
bool write_text_file(const char *path, const struct alcm_info *info);

/*
 * The rows of a report as a table with their sum, sorted by a column's key (NULL: by
 * path), at most `top` (0: all). Files deeper than `depth` are joined into one row per
 * directory. False: out of memory.
 */
bool write_text_files(struct report *report, const char *sort, unsigned depth,
	unsigned top, bool exact);

#endif
