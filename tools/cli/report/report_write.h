/* SPDX-License-Identifier: MIT */
/* The outputs of a report. They write to `to`; the caller checks ferror(3). False: out of
   memory. */
#ifndef ALCM_TOOLS_REPORT_WRITE_H
#define ALCM_TOOLS_REPORT_WRITE_H

#include <stdio.h>

#include "report_model.h"

/* The origin of a report, shown in every output. */
struct report_origin {
	char **operands;
	int n_operands;
	time_t made;
};

/* Everything, in the form of docs/collection.schema.json. */
bool write_json(FILE *to, const struct report *report,
	const struct report_origin *origin);

/* RFC 4180 with a header line, a line per file, and a line for the sum. A text that a
   spreadsheet would take for a formula begins with an apostrophe. */
bool write_csv(FILE *to, const struct report *report, const struct report_origin *origin);

/* One self-contained page (report.html). */
bool write_html(FILE *to, const struct report *report,
	const struct report_origin *origin);

#endif
