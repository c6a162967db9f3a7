/* SPDX-License-Identifier: MIT */
/*
 * A blob's metrics as JSON (docs/report.schema.json), and the check whether a report is
 * current. A report is current if it names the file, its mtime, the blob's uuid and the
 * newest commit.
 *
 * cJSON accepts NULL everywhere, so a failed allocation shows only at the end, when
 * printing.
 *
 * JSON has no NaN and no infinity; they are null. Numbers are doubles, so counts above
 * 2^53 lose their last digits; the largest file has 2^50 bytes.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "report/report_fields.h"

#define SCHEMA_ID "alcm-report/1"

static void uuid_text(const uint8_t uuid[16], char text[37])
{
	char *p = text;

	for (int i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*p++ = '-';
		p += snprintf(p, 3, "%02x", uuid[i]);
	}
}

/* ISO 8601 in UTC with nanoseconds, because an mtime is compared to the nanosecond. */
static void time_text(const struct timespec *t, char text[48])
{
	char date[32] = "";
	struct tm tm;

	if (gmtime_r(&t->tv_sec, &tm))
		strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text, 48, "%s.%09ldZ", date, t->tv_nsec);
}

/* A file of several tensors has no dtype and shape of its own. */
static void add_file(cJSON *root, const struct alcm_info *info, const char *name,
	const struct timespec *mtime)
{
	cJSON *file = cJSON_AddObjectToObject(root, "file");
	char text[48];

	cJSON_AddStringToObject(file, "name", name);
	json_add_number(file, "logical_size", (double)info->logical_bytes);
	time_text(mtime, text);
	cJSON_AddStringToObject(file, "mtime", text);
	cJSON_AddStringToObject(file, "format", info->format);
	if (info->n_tensors)
		json_add_number(file, "tensors", (double)info->n_tensors);
	json_add_type(file, info->dtype, info->shape, info->n_dims, info->fortran_order);
}

static void add_blob(cJSON *root, const struct alcm_info *info)
{
	cJSON *blob = cJSON_AddObjectToObject(root, "blob");
	char text[48];

	json_add_fields(blob, &report_blob, info);
	uuid_text(info->uuid, text);
	cJSON_AddStringToObject(blob, "uuid", text);
}

static void add_result(cJSON *root, const struct alcm_info *info)
{
	cJSON *r = cJSON_AddObjectToObject(root, "result");

	json_add_fields(r, &report_result, info);
	json_add_number(r, "saved_bytes",
		(double)info->logical_bytes - (double)info->stored_bytes);
}

/* null for a lossless profile; otherwise its result, or the reason why it did nothing. */
static void add_quantisation(cJSON *root, const struct alcm_quantisation *q)
{
	cJSON *o = json_add_quantisation(root, "quantisation", q);

	if (!o)
		return;
	json_add_number(o, "entropy",
		q->entropy > 0 || !q->n_tensors ? q->entropy : (double)NAN);
	json_add_number(o, "prune_share", q->prune_share);
	cJSON_AddBoolToObject(o, "prune_capped", q->prune_capped);
	json_add_number(o, "scales", (double)q->n_scales);
	json_add_number(o, "tensors", (double)q->n_tensors);
}

/* zlib -6 on a sample, for comparison. Its CPU time is scaled up to the whole file. */
static void add_baseline(cJSON *root, const struct alcm_info *info)
{
	cJSON *o;
	double sample = (double)info->baseline_sample_bytes, ratio, cpu, caq;

	if (!info->baseline_sample_bytes || !info->baseline_stored_bytes) {
		cJSON_AddNullToObject(root, "baseline");
		return;
	}
	o = cJSON_AddObjectToObject(root, "baseline");
	ratio = sample / (double)info->baseline_stored_bytes;
	cpu = info->baseline_cpu_seconds * (double)info->logical_bytes / sample;
	caq = alcm_caq(ratio, cpu);
	cJSON_AddStringToObject(o, "codec", "zlib -6");
	cJSON_AddTrueToObject(o, "sampled");
	json_add_number(o, "sample_bytes", sample);
	json_add_number(o, "ratio", ratio);
	json_add_number(o, "cpu_seconds", cpu);
	json_add_number(o, "caq", caq);
	json_add_number(o, "gain_percent", 100 * (info->caq / caq - 1));
}

int alcm_report_json(const struct alcm_info *info, const char *name,
	const struct timespec *mtime, char **out)
{
	cJSON *root = cJSON_CreateObject();
	AUTO_FREE char *printable = alcm_utf8(name);
	char *text;

	if (!root || !printable) {
		cJSON_Delete(root);
		return -ENOMEM;
	}
	cJSON_AddStringToObject(root, "schema", SCHEMA_ID);
	cJSON_AddStringToObject(root, "generator", "alcmfs");
	cJSON_AddStringToObject(root, "version", ALCM_VERSION);
	add_file(root, info, printable, mtime);
	add_blob(root, info);
	cJSON_AddStringToObject(root, "profile", info->profile);
	cJSON_AddBoolToObject(root, "lossy", info->lossy);
	add_quantisation(root, &info->quantisation);
	add_result(root, info);
	json_add_statistics(root, &info->stats);
	json_add_planes(root, info->planes, info->n_planes);
	json_add_tensors(root, info->rows, info->n_rows, info->tensor_planes);
	add_baseline(root, info);
	text = json_print(root);
	if (!text)
		return -ENOMEM;
	*out = text;
	return 0;
}

static bool text_is(const cJSON *object, const char *key, const char *want)
{
	const char *got = cJSON_GetStringValue(json_get(object, key));

	return got && strcmp(got, want) == 0;
}

/* Text that isn't JSON has no members, so it compares as not current. */
bool alcm_report_current(const char *json, size_t len, const struct alcm_info *info,
	const char *name, const struct timespec *mtime)
{
	cJSON *root = cJSON_ParseWithLength(json, len);
	const cJSON *file = json_get(root, "file");
	const cJSON *blob = json_get(root, "blob");
	const cJSON *commit = json_get(blob, "commit");
	AUTO_FREE char *printable = alcm_utf8(name);
	char uuid[48], when[48];
	bool current;

	uuid_text(info->uuid, uuid);
	time_text(mtime, when);
	current = printable && text_is(file, "name", printable) &&
		text_is(file, "mtime", when) && text_is(blob, "uuid", uuid) &&
		cJSON_IsNumber(commit) && commit->valuedouble == (double)info->commit_no;
	cJSON_Delete(root);
	return current;
}
