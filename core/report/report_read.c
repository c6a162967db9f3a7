/* SPDX-License-Identifier: MIT */
/*
 * A report's JSON (docs/report.schema.json) back to the metrics it was made of. Reports
 * come from stores, so they are hostile: texts and lists are bounded by the arrays they
 * go to, and counts by 63 bits.
 *
 * What identifies a file (format, profile) must be there and fit, or the whole report is
 * refused. Figures may be missing: numbers become NaN and counts 0, as they do for what
 * the writer gave as null. `out` is written only when all of it is good.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report/report_fields.h"

static bool read_shape(const cJSON *file, struct alcm_info *info)
{
	const cJSON *dim;

	cJSON_ArrayForEach(dim, json_get(file, "shape"))
	{
		if (!cJSON_IsNumber(dim) || info->n_dims == ALCM_MAX_DIMS)
			return false;
		info->shape[info->n_dims++] = json_to_count(dim->valuedouble);
	}
	return true;
}

static bool read_file(const cJSON *file, struct alcm_info *info)
{
	const char *order = cJSON_GetStringValue(json_get(file, "order"));

	if (!json_text(file, "format", info->format, sizeof(info->format)))
		return false;
	info->logical_bytes = json_count(file, "logical_size");
	info->n_tensors = json_count(file, "tensors");
	info->fortran_order = order && strcmp(order, "F") == 0;
	(void)json_text(file, "dtype", info->dtype, sizeof(info->dtype));
	return read_shape(file, info);
}

/* An infinite PSNR is written as null: no error was made. */
static void read_quantisation(const cJSON *o, struct alcm_quantisation *q)
{
	struct alcm_distortion *d = &q->distortion;

	if (!cJSON_IsObject(o))
		return;
	(void)json_text(o, "why_not", q->why_not, sizeof(q->why_not));
	q->entropy = json_number(o, "entropy");
	q->prune_share = json_number(o, "prune_share");
	q->prune_capped = cJSON_IsTrue(json_get(o, "prune_capped"));
	q->bound = fmax(0, json_number(o, "bound"));
	q->n_scales = json_count(o, "scales");
	q->n_tensors = json_count(o, "tensors");
	(void)json_read_fields(o, &json_distortion, d);
	if (cJSON_IsNull(json_get(o, "psnr_db")))
		d->psnr_db = (double)INFINITY;
}

/* Append planes to a list of at most `most`. */
static bool read_planes(const cJSON *planes, struct alcm_plane *list, unsigned most,
	unsigned *n)
{
	const cJSON *o;

	cJSON_ArrayForEach(o, planes)
	{
		if (*n == most || !json_read_fields(o, &json_plane, &list[*n]))
			return false;
		++*n;
	}
	return true;
}

/* Names that are too long are cut; everything else must fit. */
static bool read_tensor(const cJSON *o, struct alcm_tensor *t)
{
	const cJSON *dim, *shape = json_get(o, "shape");

	if (!json_text(o, "name", t->name, sizeof(t->name)) &&
		cJSON_IsString(json_get(o, "name")))
		snprintf(t->name, sizeof(t->name), "%.*s", ALCM_TENSOR_NAME - 1,
			cJSON_GetStringValue(json_get(o, "name")));
	(void)json_text(o, "dtype", t->dtype, sizeof(t->dtype));
	t->n_tensors = json_count(o, "count");
	t->bytes = json_count(o, "bytes");
	t->stored_bytes = (double)json_count(o, "stored");
	if (!cJSON_IsArray(shape)) {
		t->n_dims = ALCM_NO_SHAPE;
		return true;
	}
	cJSON_ArrayForEach(dim, shape)
	{
		if (!cJSON_IsNumber(dim) || t->n_dims == ALCM_TENSOR_DIMS)
			return false;
		t->shape[t->n_dims++] = json_to_count(dim->valuedouble);
	}
	return true;
}

static bool read_tensors(const cJSON *tensors, struct alcm_info *info)
{
	const cJSON *o;

	cJSON_ArrayForEach(o, tensors)
	{
		struct alcm_tensor *t = &info->rows[info->n_rows];

		if (info->n_rows == ALCM_MAX_TENSOR_ROWS || !read_tensor(o, t))
			return false;
		t->first_plane = info->n_tensor_planes;
		if (!read_planes(json_get(o, "planes"), info->tensor_planes,
				ALCM_MAX_TENSOR_PLANES, &info->n_tensor_planes))
			return false;
		t->n_planes = info->n_tensor_planes - t->first_plane;
		info->n_rows++;
	}
	return true;
}

/* The writer scales the sample's CPU time up to the whole file; this scales it back. */
static void read_baseline(const cJSON *o, struct alcm_info *info)
{
	double sample = json_number(o, "sample_bytes"), ratio = json_number(o, "ratio");

	if (!cJSON_IsObject(o) || !(sample > 0) || !(ratio > 0) || !info->logical_bytes)
		return;
	info->baseline_sample_bytes = json_to_count(sample);
	info->baseline_stored_bytes = json_to_count(round(sample / ratio));
	info->baseline_cpu_seconds = json_number(o, "cpu_seconds") * sample /
		(double)info->logical_bytes;
}

/* Any version of the schema is read; fields that it doesn't have count as null. */
static bool read_root(const cJSON *root, struct alcm_info *info)
{
	const char *schema = cJSON_GetStringValue(json_get(root, "schema"));

	if (!schema || strncmp(schema, "alcm-report/", 12) != 0 ||
		!read_file(json_get(root, "file"), info) ||
		!json_text(root, "profile", info->profile, sizeof(info->profile)) ||
		!read_planes(json_get(root, "planes"), info->planes, ALCM_MAX_PLANES,
			&info->n_planes) ||
		!read_tensors(json_get(root, "tensors"), info))
		return false;
	(void)json_read_fields(json_get(root, "blob"), &report_blob, info);
	info->lossy = cJSON_IsTrue(json_get(root, "lossy"));
	read_quantisation(json_get(root, "quantisation"), &info->quantisation);
	(void)json_read_fields(json_get(root, "result"), &report_result, info);
	(void)json_read_fields(json_get(root, "statistics"), &json_statistics, &info->stats);
	read_baseline(json_get(root, "baseline"), info);
	return true;
}

int alcm_report_read(const char *json, size_t len, struct alcm_info *out)
{
	cJSON *root = cJSON_ParseWithLength(json, len);
	struct alcm_info info = { 0 };
	bool ok = read_root(root, &info);

	cJSON_Delete(root);
	if (!ok)
		return -EINVAL;
	*out = info;
	return 0;
}
