/* SPDX-License-Identifier: MIT */
/*
 * A blob's metrics as JSON (docs/report.schema.json), and the check whether a report is
 * current. A report is current if it names the file, its mtime, the blob's uuid and the
 * newest commit.
 *
 * cJSON accepts NULL everywhere, so a failed allocation shows only at the end, when
 * printing.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "alcm.h"
#include "base/alloc.h"

#define SCHEMA_ID "alcm-report/1"

/* JSON has neither NaN nor infinity: both become null. */
static void add_number(cJSON *to, const char *name, double v)
{
	if (isfinite(v))
		cJSON_AddNumberToObject(to, name, v);
	else
		cJSON_AddNullToObject(to, name);
}

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
	cJSON *file = cJSON_AddObjectToObject(root, "file"), *shape;
	char text[48];

	cJSON_AddStringToObject(file, "name", name);
	add_number(file, "logical_size", (double)info->logical_bytes);
	time_text(mtime, text);
	cJSON_AddStringToObject(file, "mtime", text);
	cJSON_AddStringToObject(file, "format", info->format);
	if (info->n_tensors)
		add_number(file, "tensors", (double)info->n_tensors);
	if (!info->dtype[0]) {
		cJSON_AddNullToObject(file, "dtype");
		cJSON_AddNullToObject(file, "shape");
		cJSON_AddNullToObject(file, "order");
		return;
	}
	cJSON_AddStringToObject(file, "dtype", info->dtype);
	shape = cJSON_AddArrayToObject(file, "shape");
	for (unsigned i = 0; i < info->n_dims; i++)
		cJSON_AddItemToArray(shape, cJSON_CreateNumber((double)info->shape[i]));
	cJSON_AddStringToObject(file, "order", info->fortran_order ? "F" : "C");
}

static void add_blob(cJSON *root, const struct alcm_info *info)
{
	cJSON *blob = cJSON_AddObjectToObject(root, "blob");
	char text[48];

	add_number(blob, "stored_size", (double)info->stored_bytes);
	add_number(blob, "chunk_size", info->chunk_bytes);
	add_number(blob, "chunks", (double)info->n_chunks);
	add_number(blob, "format_version", info->format_version);
	uuid_text(info->uuid, text);
	cJSON_AddStringToObject(blob, "uuid", text);
	add_number(blob, "commit", (double)info->commit_no);
}

static void add_result(cJSON *root, const struct alcm_info *info)
{
	cJSON *r = cJSON_AddObjectToObject(root, "result");

	add_number(r, "ratio", info->ratio);
	add_number(r, "saved_bytes",
		(double)info->logical_bytes - (double)info->stored_bytes);
	add_number(r, "cpu_seconds", info->cpu_seconds);
	add_number(r, "wall_seconds", info->wall_seconds);
	add_number(r, "threads", info->threads);
	add_number(r, "mb_per_s", info->mb_per_s);
	add_number(r, "bits_per_value", info->bits_per_value);
	add_number(r, "caq", info->caq);
	add_number(r, "predicted_entropy", info->predicted_entropy);
	cJSON_AddStringToObject(r, "codec", info->codec);
}

/* Without values, statistics are null and not 0. */
static void add_statistics(cJSON *root, const struct alcm_stats *s)
{
	cJSON *o = cJSON_AddObjectToObject(root, "statistics");

	add_number(o, "values", (double)s->n);
	add_number(o, "nan", (double)s->n_nan);
	add_number(o, "inf", (double)s->n_inf);
	add_number(o, "mean", s->n ? s->mean : (double)NAN);
	add_number(o, "variance", s->n ? s->variance : (double)NAN);
	add_number(o, "stddev", s->n ? s->stddev : (double)NAN);
	add_number(o, "skewness", s->n ? s->skewness : (double)NAN);
	add_number(o, "kurtosis", s->n ? s->kurtosis : (double)NAN);
	add_number(o, "sparsity", s->n ? s->sparsity : (double)NAN);
	add_number(o, "min", s->n ? s->min : (double)NAN);
	add_number(o, "max", s->n ? s->max : (double)NAN);
}

/* null for a lossless profile; otherwise its result, or the reason why it did nothing. */
static void add_quantisation(cJSON *root, const struct alcm_info *info)
{
	const struct alcm_quantisation *q = &info->quantisation;
	const struct alcm_distortion *d = &q->distortion;
	cJSON *o;

	if (!q->n_scales && !q->why_not[0]) {
		cJSON_AddNullToObject(root, "quantisation");
		return;
	}
	o = cJSON_AddObjectToObject(root, "quantisation");
	if (q->why_not[0])
		cJSON_AddStringToObject(o, "why_not", q->why_not);
	else
		cJSON_AddNullToObject(o, "why_not");
	add_number(o, "entropy", q->entropy > 0 || !q->n_tensors ? q->entropy : (double)NAN);
	add_number(o, "prune_share", q->prune_share);
	cJSON_AddBoolToObject(o, "prune_capped", q->prune_capped);
	add_number(o, "bound", q->bound > 0 ? q->bound : (double)NAN);
	add_number(o, "scales", (double)q->n_scales);
	add_number(o, "tensors", (double)q->n_tensors);
	add_number(o, "values", (double)d->n_values);
	add_number(o, "pruned_share", d->pruned_share);
	add_number(o, "mse", d->mse);
	add_number(o, "mae", d->mae);
	add_number(o, "max_error", d->max_error);
	add_number(o, "relative_l2", d->relative_l2);
	add_number(o, "psnr_db", d->psnr_db);
}

static void add_planes(cJSON *to, const struct alcm_plane *list, unsigned n)
{
	cJSON *planes = cJSON_AddArrayToObject(to, "planes");

	for (unsigned i = 0; i < n; i++) {
		const struct alcm_plane *p = &list[i];
		cJSON *o = cJSON_CreateObject();

		cJSON_AddStringToObject(o, "name", p->name);
		add_number(o, "bytes", (double)p->raw_bytes);
		add_number(o, "stored", (double)p->stored_bytes);
		add_number(o, "bits_before", p->bits_before);
		add_number(o, "bits_after", p->bits_after);
		cJSON_AddStringToObject(o, "coder", p->coder);
		cJSON_AddItemToArray(planes, o);
	}
}

/* The tensors of a container, each by itself or grouped by name patterns. */
static void add_tensors(cJSON *root, const struct alcm_info *info)
{
	cJSON *tensors = info->n_rows ? cJSON_AddArrayToObject(root, "tensors") : NULL;

	for (unsigned i = 0; i < info->n_rows; i++) {
		const struct alcm_tensor *t = &info->rows[i];
		AUTO_FREE char *name = alcm_utf8(t->name);
		bool one_shape = t->n_dims != ALCM_NO_SHAPE;
		cJSON *o = cJSON_CreateObject(), *shape;

		cJSON_AddStringToObject(o, "name", name ? name : "");
		add_number(o, "count", (double)t->n_tensors);
		if (t->dtype[0])
			cJSON_AddStringToObject(o, "dtype", t->dtype);
		else
			cJSON_AddNullToObject(o, "dtype");
		shape = one_shape ? cJSON_AddArrayToObject(o, "shape")
						  : cJSON_AddNullToObject(o, "shape");
		for (unsigned k = 0; one_shape && k < t->n_dims; k++)
			cJSON_AddItemToArray(shape, cJSON_CreateNumber((double)t->shape[k]));
		add_number(o, "bytes", (double)t->bytes);
		add_number(o, "stored", round(t->stored_bytes));
		add_number(o, "ratio",
			t->stored_bytes > 0 ? (double)t->bytes / t->stored_bytes : (double)NAN);
		add_planes(o, info->tensor_planes + t->first_plane, t->n_planes);
		cJSON_AddItemToArray(tensors, o);
	}
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
	add_number(o, "sample_bytes", sample);
	add_number(o, "ratio", ratio);
	add_number(o, "cpu_seconds", cpu);
	add_number(o, "caq", caq);
	add_number(o, "gain_percent", 100 * (info->caq / caq - 1));
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
	add_quantisation(root, info);
	add_result(root, info);
	add_statistics(root, &info->stats);
	add_planes(root, info->planes, info->n_planes);
	add_tensors(root, info);
	add_baseline(root, info);
	text = cJSON_Print(root);
	cJSON_Delete(root);
	if (!text)
		return -ENOMEM;
	*out = text;
	return 0;
}

static bool text_is(const cJSON *object, const char *key, const char *want)
{
	const char *got = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));

	return got && strcmp(got, want) == 0;
}

bool alcm_report_current(const char *json, size_t len, const struct alcm_info *info,
	const char *name, const struct timespec *mtime)
{
	cJSON *root = cJSON_ParseWithLength(json, len);
	const cJSON *file = cJSON_GetObjectItemCaseSensitive(root, "file");
	const cJSON *blob = cJSON_GetObjectItemCaseSensitive(root, "blob");
	const cJSON *commit = cJSON_GetObjectItemCaseSensitive(blob, "commit");
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

/* The texts are cJSON's, so they are freed by it. */
void alcm_free_text(char *text)
{
	cJSON_free(text);
}
