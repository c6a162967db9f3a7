/* SPDX-License-Identifier: MIT */
/*
 * A report's JSON (docs/report.schema.json) back to the metrics it was made of. Reports
 * come from stores, so they are hostile: texts and lists are bounded by the arrays they
 * go to, and counts by 63 bits.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "alcm.h"

static const cJSON *get(const cJSON *object, const char *key)
{
	return cJSON_GetObjectItemCaseSensitive(object, key);
}

/* null, and anything that isn't a number, is NaN: the writer writes NaN as null. */
static double number(const cJSON *object, const char *key)
{
	const cJSON *v = get(object, key);

	return cJSON_IsNumber(v) ? v->valuedouble : (double)NAN;
}

/* 0 for values that can't be a count. */
static uint64_t to_count(double v)
{
	return v >= 0 && v < 0x1p63 ? (uint64_t)v : 0;
}

static uint64_t count(const cJSON *object, const char *key)
{
	return to_count(number(object, key));
}

/* Copy a text. False: it is missing, or too long for `capacity`. */
static bool text(const cJSON *object, const char *key, char *out, size_t capacity)
{
	const char *s = cJSON_GetStringValue(get(object, key));

	if (!s || strlen(s) >= capacity)
		return false;
	memcpy(out, s, strlen(s) + 1);
	return true;
}

static bool read_shape(const cJSON *file, struct alcm_info *info)
{
	const cJSON *dim;

	cJSON_ArrayForEach(dim, get(file, "shape"))
	{
		if (!cJSON_IsNumber(dim) || info->n_dims == ALCM_MAX_DIMS)
			return false;
		info->shape[info->n_dims++] = to_count(dim->valuedouble);
	}
	return true;
}

static bool read_file(const cJSON *file, struct alcm_info *info)
{
	const char *order = cJSON_GetStringValue(get(file, "order"));

	if (!text(file, "format", info->format, sizeof(info->format)))
		return false;
	info->logical_bytes = count(file, "logical_size");
	info->n_tensors = count(file, "tensors");
	info->fortran_order = order && strcmp(order, "F") == 0;
	(void)text(file, "dtype", info->dtype, sizeof(info->dtype));
	return read_shape(file, info);
}

static void read_statistics(const cJSON *o, struct alcm_stats *s)
{
	s->n = count(o, "values");
	s->n_nan = count(o, "nan");
	s->n_inf = count(o, "inf");
	s->mean = number(o, "mean");
	s->variance = number(o, "variance");
	s->stddev = number(o, "stddev");
	s->skewness = number(o, "skewness");
	s->kurtosis = number(o, "kurtosis");
	s->sparsity = number(o, "sparsity");
	s->min = number(o, "min");
	s->max = number(o, "max");
}

/* An infinite PSNR is written as null: no error was made. */
static void read_quantisation(const cJSON *o, struct alcm_quantisation *q)
{
	struct alcm_distortion *d = &q->distortion;

	if (!cJSON_IsObject(o))
		return;
	(void)text(o, "why_not", q->why_not, sizeof(q->why_not));
	q->entropy = number(o, "entropy");
	q->prune_share = number(o, "prune_share");
	q->prune_capped = cJSON_IsTrue(get(o, "prune_capped"));
	q->bound = fmax(0, number(o, "bound"));
	q->n_scales = count(o, "scales");
	q->n_tensors = count(o, "tensors");
	d->n_values = count(o, "values");
	d->pruned_share = number(o, "pruned_share");
	d->mse = number(o, "mse");
	d->mae = number(o, "mae");
	d->max_error = number(o, "max_error");
	d->relative_l2 = number(o, "relative_l2");
	d->psnr_db = cJSON_IsNull(get(o, "psnr_db")) ? (double)INFINITY
												 : number(o, "psnr_db");
}

/* Append planes to a list of at most `most`. */
static bool read_planes(const cJSON *planes, struct alcm_plane *list, unsigned most,
	unsigned *n)
{
	const cJSON *o;

	cJSON_ArrayForEach(o, planes)
	{
		struct alcm_plane *p = &list[*n];

		if (*n == most || !text(o, "name", p->name, sizeof(p->name)) ||
			!text(o, "coder", p->coder, sizeof(p->coder)))
			return false;
		p->raw_bytes = count(o, "bytes");
		p->stored_bytes = count(o, "stored");
		p->bits_before = number(o, "bits_before");
		p->bits_after = number(o, "bits_after");
		++*n;
	}
	return true;
}

/* Names that are too long are cut; everything else must fit. */
static bool read_tensor(const cJSON *o, struct alcm_tensor *t)
{
	const cJSON *dim, *shape = get(o, "shape");

	if (!text(o, "name", t->name, sizeof(t->name)) && cJSON_IsString(get(o, "name")))
		snprintf(t->name, sizeof(t->name), "%.*s", ALCM_TENSOR_NAME - 1,
			cJSON_GetStringValue(get(o, "name")));
	(void)text(o, "dtype", t->dtype, sizeof(t->dtype));
	t->n_tensors = count(o, "count");
	t->bytes = count(o, "bytes");
	t->stored_bytes = (double)count(o, "stored");
	if (!cJSON_IsArray(shape)) {
		t->n_dims = ALCM_NO_SHAPE;
		return true;
	}
	cJSON_ArrayForEach(dim, shape)
	{
		if (!cJSON_IsNumber(dim) || t->n_dims == ALCM_TENSOR_DIMS)
			return false;
		t->shape[t->n_dims++] = to_count(dim->valuedouble);
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
		if (!read_planes(get(o, "planes"), info->tensor_planes, ALCM_MAX_TENSOR_PLANES,
				&info->n_tensor_planes))
			return false;
		t->n_planes = info->n_tensor_planes - t->first_plane;
		info->n_rows++;
	}
	return true;
}

static void read_result(const cJSON *r, struct alcm_info *info)
{
	info->ratio = number(r, "ratio");
	info->cpu_seconds = number(r, "cpu_seconds");
	info->wall_seconds = number(r, "wall_seconds");
	info->threads = (unsigned)count(r, "threads");
	info->mb_per_s = number(r, "mb_per_s");
	info->bits_per_value = number(r, "bits_per_value");
	info->caq = number(r, "caq");
	info->predicted_entropy = number(r, "predicted_entropy");
	(void)text(r, "codec", info->codec, sizeof(info->codec));
}

/* The writer scales the sample's CPU time up to the whole file; this scales it back. */
static void read_baseline(const cJSON *o, struct alcm_info *info)
{
	double sample = number(o, "sample_bytes"), ratio = number(o, "ratio");

	if (!cJSON_IsObject(o) || !(sample > 0) || !(ratio > 0) || !info->logical_bytes)
		return;
	info->baseline_sample_bytes = to_count(sample);
	info->baseline_stored_bytes = to_count(round(sample / ratio));
	info->baseline_cpu_seconds = number(o, "cpu_seconds") * sample /
		(double)info->logical_bytes;
}

/* Any version of the schema is read; fields that it doesn't have count as null. */
static bool read_root(const cJSON *root, struct alcm_info *info)
{
	const cJSON *blob = get(root, "blob");
	const char *schema = cJSON_GetStringValue(get(root, "schema"));

	if (!schema || strncmp(schema, "alcm-report/", 12) != 0 ||
		!read_file(get(root, "file"), info) ||
		!text(root, "profile", info->profile, sizeof(info->profile)) ||
		!read_planes(get(root, "planes"), info->planes, ALCM_MAX_PLANES,
			&info->n_planes) ||
		!read_tensors(get(root, "tensors"), info))
		return false;
	info->stored_bytes = count(blob, "stored_size");
	info->n_chunks = count(blob, "chunks");
	info->chunk_bytes = (uint32_t)count(blob, "chunk_size");
	info->format_version = (uint32_t)count(blob, "format_version");
	info->commit_no = count(blob, "commit");
	info->lossy = cJSON_IsTrue(get(root, "lossy"));
	read_quantisation(get(root, "quantisation"), &info->quantisation);
	read_result(get(root, "result"), info);
	read_statistics(get(root, "statistics"), &info->stats);
	read_baseline(get(root, "baseline"), info);
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
