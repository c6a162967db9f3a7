/* SPDX-License-Identifier: MIT */
/*
 * Sums of the reports in a directory (docs/summary.schema.json). A summary has the sums
 * of the directory's own files and of everything below, so a parent needs only its
 * children's totals.
 *
 *   run1/summary.json   here: a.npy + b.npy            total: here + run1/x's total
 *   summary.json        here: files at the top         total: here + run1's total
 *
 * Ratios and CAQ don't add, so they are computed from the sums each time. Sums are
 * doubles: the baseline is an estimate, and bytes are exact up to 2^53.
 *
 * Reports and summaries are read from the store, where users may write. One that lacks a
 * number, or has a negative one, is refused as a whole and counts as nothing.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/json.h"
#include "report/summary_json.h"

#define SCHEMA_ID "alcm-summary/1"

/* The number `name`, which must be finite and not negative. */
static bool get(const cJSON *object, const char *name, double *out)
{
	double v = json_number(object, name);

	if (!isfinite(v) || v < 0)
		return false;
	*out = v;
	return true;
}

static void add(struct summary *to, const struct summary *s)
{
	to->n_files += s->n_files;
	to->n_lossy += s->n_lossy;
	to->logical_bytes += s->logical_bytes;
	to->stored_bytes += s->stored_bytes;
	to->cpu_seconds += s->cpu_seconds;
	to->baseline_stored_bytes += s->baseline_stored_bytes;
	to->baseline_cpu_seconds += s->baseline_cpu_seconds;
}

/* A file too small for a baseline has its own figures as baseline, so it counts as
   neither gain nor loss. */
static bool from_report(const cJSON *root, struct summary *out)
{
	const cJSON *result = json_get(root, "result");
	const cJSON *baseline = json_get(root, "baseline");
	double logical, stored, ratio;

	if (!get(json_get(root, "file"), "logical_size", &logical) ||
		!get(json_get(root, "blob"), "stored_size", &stored) ||
		!get(result, "cpu_seconds", &out->cpu_seconds))
		return false;
	out->n_files = 1;
	out->n_lossy = cJSON_IsTrue(json_get(root, "lossy"));
	out->logical_bytes = logical;
	out->stored_bytes = stored;
	out->baseline_stored_bytes = stored;
	out->baseline_cpu_seconds = out->cpu_seconds;
	if (get(baseline, "ratio", &ratio) && ratio > 0 &&
		get(baseline, "cpu_seconds", &out->baseline_cpu_seconds))
		out->baseline_stored_bytes = logical / ratio;
	return true;
}

static bool from_summary(const cJSON *root, struct summary *out)
{
	const cJSON *total = json_get(root, "total");
	const cJSON *baseline = json_get(total, "baseline");

	return get(total, "files", &out->n_files) &&
		get(total, "lossy_files", &out->n_lossy) &&
		get(total, "logical_bytes", &out->logical_bytes) &&
		get(total, "stored_bytes", &out->stored_bytes) &&
		get(total, "cpu_seconds", &out->cpu_seconds) &&
		get(baseline, "stored_bytes", &out->baseline_stored_bytes) &&
		get(baseline, "cpu_seconds", &out->baseline_cpu_seconds);
}

static int add_json(struct summary *to, const char *json, size_t len,
	bool (*from)(const cJSON *root, struct summary *out))
{
	cJSON *root = cJSON_ParseWithLength(json, len);
	struct summary one = { 0 };
	bool good = from(root, &one);

	cJSON_Delete(root);
	if (!good)
		return -EINVAL;
	add(to, &one);
	return 0;
}

int summary_add_report(struct summary *summary, const char *json, size_t len)
{
	return add_json(summary, json, len, from_report);
}

int summary_add_total(struct summary *summary, const char *json, size_t len)
{
	return add_json(summary, json, len, from_summary);
}

/* ---- as JSON ----------------------------------------------------------------------- */

static double ratio_of(double logical, double stored)
{
	return stored > 0 ? logical / stored : 0;
}

/* cJSON ignores NULL parents, so a failed allocation shows only when printing. */
static void add_sums(cJSON *root, const char *name, const struct summary *s)
{
	cJSON *o = cJSON_AddObjectToObject(root, name), *b;
	double ratio = ratio_of(s->logical_bytes, s->stored_bytes);
	double caq = alcm_caq(ratio, s->cpu_seconds);
	double baseline_ratio = ratio_of(s->logical_bytes, s->baseline_stored_bytes);
	double baseline_caq = alcm_caq(baseline_ratio, s->baseline_cpu_seconds);

	cJSON_AddNumberToObject(o, "files", s->n_files);
	cJSON_AddNumberToObject(o, "lossy_files", s->n_lossy);
	cJSON_AddNumberToObject(o, "logical_bytes", s->logical_bytes);
	cJSON_AddNumberToObject(o, "stored_bytes", s->stored_bytes);
	cJSON_AddNumberToObject(o, "saved_bytes", s->logical_bytes - s->stored_bytes);
	cJSON_AddNumberToObject(o, "ratio", ratio);
	cJSON_AddNumberToObject(o, "cpu_seconds", s->cpu_seconds);
	cJSON_AddNumberToObject(o, "caq", caq);
	b = cJSON_AddObjectToObject(o, "baseline");
	cJSON_AddStringToObject(b, "codec", "zlib -6");
	cJSON_AddNumberToObject(b, "stored_bytes", s->baseline_stored_bytes);
	cJSON_AddNumberToObject(b, "ratio", baseline_ratio);
	cJSON_AddNumberToObject(b, "cpu_seconds", s->baseline_cpu_seconds);
	cJSON_AddNumberToObject(b, "caq", baseline_caq);
	cJSON_AddNumberToObject(b, "gain_percent",
		baseline_caq > 0 ? 100 * (caq / baseline_caq - 1) : 0);
}

int summary_json(const struct summary *here, const struct summary *below, char **out)
{
	cJSON *root = cJSON_CreateObject();
	struct summary total = *here;
	char *text;

	add(&total, below);
	cJSON_AddStringToObject(root, "schema", SCHEMA_ID);
	cJSON_AddStringToObject(root, "generator", "alcmfs");
	cJSON_AddStringToObject(root, "version", ALCM_VERSION);
	add_sums(root, "here", here);
	add_sums(root, "total", &total);
	text = json_print(root);
	if (!text)
		return -ENOMEM;
	*out = text;
	return 0;
}
