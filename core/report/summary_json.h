/* SPDX-License-Identifier: MIT */
#ifndef ALCM_REPORT_SUMMARY_JSON_H
#define ALCM_REPORT_SUMMARY_JSON_H

#include <stddef.h>

/* Sums of reports. The CAQ of a sum is total ratio / (total CPU seconds + 1). It falls as
   a directory grows: it is one number for all of the work, not a mean. */
struct summary {
	double n_files, n_lossy; /* counts; doubles, as JSON's numbers are */
	double logical_bytes, stored_bytes, cpu_seconds;
	/* by zlib -6, extrapolated from samples */
	double baseline_stored_bytes, baseline_cpu_seconds;
};

/* Add a file's report. -EINVAL: it isn't one, and nothing is added. */
int summary_add_report(struct summary *summary, const char *json, size_t len);

/* Add the total of a text by summary_json(). -EINVAL likewise. */
int summary_add_total(struct summary *summary, const char *json, size_t len);

/* A directory's summary as JSON (docs/summary.schema.json): sums of its own files, and
   sums including those `below` it. Freed with alcm_free_text(). -ENOMEM. */
int summary_json(const struct summary *here, const struct summary *below, char **out);

#endif
