/* SPDX-License-Identifier: MIT */
/*
 * Submissions come from strangers, so nothing is taken from them that can be computed:
 * the figures are derived from the runs and compared with the claimed ones. The schema is
 * checked by hand, row by row, with messages for people.
 *
 *   runs          ratio   CPU s    CAQ = ratio / (CPU s + 1)
 *   1             1.60    0.010    1.5842
 *   2             1.60    0.014    1.5779
 *   3             1.60    0.012    1.5810
 *   claimed       ratio 1.60, CPU 0.012, CAQ 1.5810
 *   "variance"    100 · (1.5842 − 1.5779) / 1.5810 = 0.40 %
 *
 * Checking can't show that a run took place. It makes sure that the figures of a row
 * belong together, and that two rows were computed in the same way.
 *
 * To add a field, add a row of `fields` and the same to docs/submission.schema.json; an
 * old submission stays valid only if the field is optional.
 */
#include "submission.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/*
 * Allowed differences between claimed figures and those of the runs: others may round to
 * three digits, and compute means in another order. VARIANCE_POINTS is in percent points.
 */
#define TOLERANCE 0.005
#define VARIANCE_POINTS 0.05

enum kind { TEXT, DATE, POSITIVE, SECONDS, PERCENT, FLAG, RUNS };

/* The same as in docs/submission.schema.json. */
static const struct {
	const char *name;
	enum kind kind;
	bool optional, may_be_empty;
	size_t most; /* bytes */
} fields[] = {
	{ .name = "submitter", .kind = TEXT, .most = 100 },
	{ .name = "date", .kind = DATE },
	{ .name = "dataset", .kind = TEXT, .most = 100 },
	{ .name = "codec", .kind = TEXT, .most = 100 },
	{ .name = "version", .kind = TEXT, .most = 100 },
	{ .name = "compression_ratio", .kind = POSITIVE },
	{ .name = "cpu_seconds", .kind = SECONDS },
	{ .name = "runs", .kind = RUNS },
	{ .name = "variance", .kind = PERCENT },
	{ .name = "caq", .kind = POSITIVE },
	{ .name = "notes",
		.kind = TEXT,
		.optional = true,
		.may_be_empty = true,
		.most = 2000 },
	{ .name = "adaptive", .kind = FLAG, .optional = true },
};
#define N_FIELDS (sizeof(fields) / sizeof(fields[0]))

static bool fault_set(struct submission_fault *fault, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static bool fault_set(struct submission_fault *fault, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(fault->why, sizeof(fault->why), fmt, ap);
	va_end(ap);
	return false;
}

static bool number_within(const cJSON *v, double least, double most)
{
	return cJSON_IsNumber(v) && isfinite(v->valuedouble) && v->valuedouble >= least &&
		v->valuedouble <= most;
}

/* A valid date as YYYY-MM-DD. */
static bool is_date(const char *s)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int y, m, d, n = 0;

	if (strlen(s) != 10 || strspn(s, "0123456789-") != 10 ||
		sscanf(s, "%4d-%2d-%2d%n", &y, &m, &d, &n) != 3 || n != 10 || m < 1 || m > 12)
		return false;
	return d >= 1 &&
		d <= days[m - 1] + (m == 2 && y % 4 == 0 && (y % 100 || y % 400 == 0));
}

static bool runs_valid(const cJSON *v, struct submission_fault *fault)
{
	int n = cJSON_IsArray(v) ? cJSON_GetArraySize(v) : 0;
	const cJSON *run;
	int no = 0;

	if (n < SUBMISSION_MIN_RUNS || n > SUBMISSION_MAX_RUNS)
		return fault_set(fault, "runs: there are %d; %d to %d are required", n,
			SUBMISSION_MIN_RUNS, SUBMISSION_MAX_RUNS);
	cJSON_ArrayForEach(run, v)
	{
		no++;
		if (!cJSON_IsObject(run) || cJSON_GetArraySize(run) != 2 ||
			!number_within(cJSON_GetObjectItemCaseSensitive(run, "ratio"), 1e-9, 1e9) ||
			!number_within(cJSON_GetObjectItemCaseSensitive(run, "cpu_seconds"), 0, 1e9))
			return fault_set(fault,
				"runs: run %d is not {\"ratio\": above 0, \"cpu_seconds\": 0 or more}",
				no);
	}
	return true;
}

static bool field_valid(size_t i, const cJSON *v, struct submission_fault *fault)
{
	const char *name = fields[i].name, *text = cJSON_GetStringValue(v);

	switch (fields[i].kind) {
	case TEXT:
		if (!text || (!*text && !fields[i].may_be_empty) || strlen(text) > fields[i].most)
			return fault_set(fault, "%s: not a text of %d to %zu bytes", name,
				!fields[i].may_be_empty, fields[i].most);
		return true;
	case DATE:
		return (text && is_date(text)) ||
			fault_set(fault, "%s: not a date like 2026-01-31", name);
	case POSITIVE:
		return number_within(v, 1e-9, 1e9) ||
			fault_set(fault, "%s: not a number above 0", name);
	case SECONDS:
	case PERCENT:
		return number_within(v, 0, 1e9) ||
			fault_set(fault, "%s: not a number of 0 or more", name);
	case FLAG:
		return cJSON_IsBool(v) || fault_set(fault, "%s: neither true nor false", name);
	case RUNS:
		return runs_valid(v, fault);
	}
	return false;
}

/* Unknown and repeated fields are faults, too: parsers disagree on which one counts. */
static bool schema_valid(const cJSON *s, struct submission_fault *fault)
{
	const cJSON *v;

	if (!cJSON_IsObject(s))
		return fault_set(fault, "it is not a JSON object");
	for (size_t i = 0; i < N_FIELDS; i++) {
		v = cJSON_GetObjectItemCaseSensitive(s, fields[i].name);
		if (!v && !fields[i].optional)
			return fault_set(fault, "%s: is missing", fields[i].name);
		if (v && !field_valid(i, v, fault))
			return false;
	}
	cJSON_ArrayForEach(v, s)
	{
		size_t known = 0, times = 0;
		const cJSON *other;

		for (size_t i = 0; i < N_FIELDS; i++)
			known += strcmp(v->string, fields[i].name) == 0;
		cJSON_ArrayForEach(other, s) times += strcmp(v->string, other->string) == 0;
		if (!known || times > 1)
			return fault_set(fault, "%.60s: %s", v->string,
				known ? "occurs twice" : "is not a field of a submission");
	}
	return true;
}

/* "Variance" is the paper's word for the spread: (max − min) / mean. */
static void submission_figures(const struct submission_run *runs, unsigned n,
	struct submission_figures *out)
{
	double least = INFINITY, most = 0, sum = 0;

	memset(out, 0, sizeof(*out));
	for (unsigned i = 0; i < n; i++) {
		double caq = runs[i].ratio / (runs[i].cpu_seconds + 1);

		out->ratio += runs[i].ratio / n;
		out->cpu_seconds += runs[i].cpu_seconds / n;
		least = fmin(least, caq);
		most = fmax(most, caq);
		sum += caq;
	}
	out->caq = out->ratio / (out->cpu_seconds + 1);
	out->variance = 100 * (most - least) / (sum / n);
}

static bool adds_up(const cJSON *s, const char *field, double computed, double within,
	struct submission_fault *fault)
{
	double claimed = submission_number(s, field);

	return fabs(claimed - computed) <= within ||
		fault_set(fault, "%s: %g is claimed, the runs give %g", field, claimed, computed);
}

/* The first fault ends the check: a message about one is easier to act on than a list. */
bool submission_valid(const cJSON *s, struct submission_fault *fault)
{
	struct submission_run runs[SUBMISSION_MAX_RUNS];
	struct submission_figures f;
	const cJSON *run;
	unsigned n = 0;

	if (!schema_valid(s, fault))
		return false;
	cJSON_ArrayForEach(run, cJSON_GetObjectItemCaseSensitive(s, "runs"))
	{
		runs[n].ratio = submission_number(run, "ratio");
		runs[n++].cpu_seconds = submission_number(run, "cpu_seconds");
	}
	submission_figures(runs, n, &f);
	return adds_up(s, "compression_ratio", f.ratio, TOLERANCE * f.ratio, fault) &&
		adds_up(s, "cpu_seconds", f.cpu_seconds, TOLERANCE * f.cpu_seconds, fault) &&
		adds_up(s, "caq", f.caq, TOLERANCE * f.caq, fault) &&
		adds_up(s, "variance", f.variance, VARIANCE_POINTS, fault);
}

const char *submission_text(const cJSON *s, const char *field)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(s, field));

	return text ? text : "";
}

double submission_number(const cJSON *s, const char *field)
{
	return cJSON_GetObjectItemCaseSensitive(s, field)->valuedouble;
}

bool submission_adaptive(const cJSON *s)
{
	return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(s, "adaptive"));
}

/*
 * Two submissions of one codec on one day are the same; a second run belongs in `runs`.
 */
bool submission_same(const cJSON *a, const cJSON *b)
{
	static const char *const key[] = { "submitter", "dataset", "codec", "version",
		"date" };

	for (size_t i = 0; i < sizeof(key) / sizeof(key[0]); i++) {
		if (strcmp(submission_text(a, key[i]), submission_text(b, key[i])) != 0)
			return false;
	}
	return true;
}

cJSON *submission_new(const char *submitter, const char *dataset, const char *codec,
	const char *version, bool adaptive, const char *notes,
	const struct submission_run *runs, unsigned n_runs)
{
	cJSON *s = cJSON_CreateObject(), *list;
	struct submission_figures f;
	char date[16] = "";
	time_t now = time(NULL);
	struct tm day;

	submission_figures(runs, n_runs, &f);
	if (gmtime_r(&now, &day))
		strftime(date, sizeof(date), "%Y-%m-%d", &day);
	cJSON_AddStringToObject(s, "submitter", submitter);
	cJSON_AddStringToObject(s, "date", date);
	cJSON_AddStringToObject(s, "dataset", dataset);
	cJSON_AddStringToObject(s, "codec", codec);
	cJSON_AddStringToObject(s, "version", version);
	cJSON_AddBoolToObject(s, "adaptive", adaptive);
	cJSON_AddNumberToObject(s, "compression_ratio", f.ratio);
	cJSON_AddNumberToObject(s, "cpu_seconds", f.cpu_seconds);
	cJSON_AddNumberToObject(s, "caq", f.caq);
	cJSON_AddNumberToObject(s, "variance", f.variance);
	list = cJSON_AddArrayToObject(s, "runs");
	for (unsigned i = 0; i < n_runs; i++) {
		cJSON *run = cJSON_CreateObject();

		cJSON_AddNumberToObject(run, "ratio", runs[i].ratio);
		cJSON_AddNumberToObject(run, "cpu_seconds", runs[i].cpu_seconds);
		cJSON_AddItemToArray(list, run);
	}
	if (notes && *notes)
		cJSON_AddStringToObject(s, "notes", notes);
	return s;
}
