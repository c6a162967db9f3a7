/* SPDX-License-Identifier: MIT */
/* A submission to the leaderboard: a codec's results on a dataset, from at least three
   runs (docs/submission.schema.json; the paper, "Bundles, leaderboard, protocol"). */
#ifndef ALCM_LAB_SUBMISSION_H
#define ALCM_LAB_SUBMISSION_H

#include <stdbool.h>
#include <stddef.h>

#include <cjson/cJSON.h>

enum {
	SUBMISSION_MIN_RUNS = 3,
	SUBMISSION_MAX_RUNS = 1000,
	SUBMISSION_MAX_BYTES = 1 << 20
};

/* The figures that follow from the runs. */
struct submission_figures {
	double ratio, cpu_seconds; /* means over the runs */
	double caq;                /* of these means */
	double variance;           /* of the runs' CAQ: (max − min) / mean, in percent */
};

/* The fault of an invalid submission, for its sender. */
struct submission_fault {
	char why[240];
};

struct submission_run {
	double ratio, cpu_seconds;
};

/* Whether `s` follows the schema and its figures match its runs: CAQ, ratio and CPU
   seconds within 0.5 %, variance within 0.05 points. Otherwise `fault` has the reason. */
bool submission_valid(const cJSON *s, struct submission_fault *fault);

/* Fields of a valid submission. */
const char *submission_text(const cJSON *s, const char *field);
double submission_number(const cJSON *s, const char *field);
bool submission_adaptive(const cJSON *s);

/* Whether submitter, dataset, codec, version and date are the same. */
bool submission_same(const cJSON *a, const cJSON *b);

/* A new submission; NULL: out of memory. `date`: today. */
cJSON *submission_new(const char *submitter, const char *dataset, const char *codec,
	const char *version, bool adaptive, const char *notes,
	const struct submission_run *runs, unsigned n_runs);

#endif
