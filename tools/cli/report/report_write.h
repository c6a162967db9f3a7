/* SPDX-License-Identifier: MIT */
/*
 * Renderings of a report. They write to `to`, whose errors the caller looks for
 * (ferror(3)); false means out of memory.
 */
#ifndef ALCM_TOOLS_REPORT_WRITE_H
#define ALCM_TOOLS_REPORT_WRITE_H

#include <stdio.h>

#include "report_model.h"

/* Where a report comes from, as every rendering says. */
struct report_origin {
	char **operands;
	int n_operands;
	time_t made;
};

/* docs/collection.schema.json, everything that there is. */
bool write_json(FILE *to, const struct report *report,
	const struct report_origin *origin);

/*
 * RFC 4180 with a header line, a line per file and one for all. Texts that a spreadsheet
 * would take for a formula begin with an apostrophe.
 */
bool write_csv(FILE *to, const struct report *report, const struct report_origin *origin);

/* One page that needs nothing else (report.html). */
bool write_html(FILE *to, const struct report *report,
	const struct report_origin *origin);

#endif
