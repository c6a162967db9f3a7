/* SPDX-License-Identifier: MIT */
/*
 * JSON on top of cJSON. JSON has neither NaN nor infinity, so both are written as null,
 * and null is read as NaN. Structs are written and read by the same table of fields, so
 * the two can't disagree:
 *
 *   JSON_FIELD(alcm_plane, "stored", stored_bytes)   "stored": 1234  ⇄  p->stored_bytes
 *
 * cJSON drops what it has no memory for. A NULL root makes json_print() return NULL.
 */
#include "base/json.h"

#include <math.h>
#include <string.h>

/* ---- writing ----------------------------------------------------------------------- */

void json_add_number(cJSON *to, const char *name, double v)
{
	if (isfinite(v))
		cJSON_AddNumberToObject(to, name, v);
	else
		cJSON_AddNullToObject(to, name);
}

void json_add_text(cJSON *to, const char *name, const char *text)
{
	if (text[0])
		cJSON_AddStringToObject(to, name, text);
	else
		cJSON_AddNullToObject(to, name);
}

void json_add_name(cJSON *to, const char *key, const char *name)
{
	char *utf8 = alcm_utf8(name);

	if (utf8)
		cJSON_AddStringToObject(to, key, utf8);
	alcm_free_text(utf8);
}

static void add_field(cJSON *to, const struct json_field *f, const void *at)
{
	switch (f->kind) {
	case JSON_DOUBLE:
		json_add_number(to, f->name, *(const double *)at);
		break;
	case JSON_U64:
		json_add_number(to, f->name, (double)*(const uint64_t *)at);
		break;
	case JSON_U32:
		json_add_number(to, f->name, *(const uint32_t *)at);
		break;
	case JSON_BOOL:
		cJSON_AddBoolToObject(to, f->name, *(const bool *)at);
		break;
	case JSON_TEXT:
		cJSON_AddStringToObject(to, f->name, at);
	}
}

void json_add_fields(cJSON *to, const struct json_fields *fields, const void *from)
{
	for (size_t i = 0; i < fields->n; i++)
		add_field(to, &fields->rows[i], (const char *)from + fields->rows[i].offset);
}

char *json_print(cJSON *root)
{
	char *text = root ? cJSON_Print(root) : NULL;

	cJSON_Delete(root);
	return text;
}

void alcm_free_text(char *text)
{
	cJSON_free(text);
}

/* ---- reading ----------------------------------------------------------------------- */

const cJSON *json_get(const cJSON *object, const char *key)
{
	return cJSON_GetObjectItemCaseSensitive(object, key);
}

double json_number(const cJSON *object, const char *key)
{
	const cJSON *v = json_get(object, key);

	return cJSON_IsNumber(v) ? v->valuedouble : (double)NAN;
}

/* JSON numbers are doubles. A number that isn't a count of 63 bits counts as 0. */
/* NaN fails both comparisons. Beyond 2^63 the cast would be undefined or implausible. */
uint64_t json_to_count(double v)
{
	return v >= 0 && v < 0x1p63 ? (uint64_t)v : 0;
}

uint64_t json_count(const cJSON *object, const char *key)
{
	return json_to_count(json_number(object, key));
}

/* False: no text, or too long. Nothing is truncated. */
bool json_text(const cJSON *object, const char *key, char *out, size_t capacity)
{
	const char *s = cJSON_GetStringValue(json_get(object, key));

	if (!s || strlen(s) >= capacity)
		return false;
	memcpy(out, s, strlen(s) + 1);
	return true;
}

static bool read_field(const cJSON *from, const struct json_field *f, void *at)
{
	switch (f->kind) {
	case JSON_DOUBLE:
		*(double *)at = json_number(from, f->name);
		break;
	case JSON_U64:
		*(uint64_t *)at = json_count(from, f->name);
		break;
	case JSON_U32:
		*(uint32_t *)at = (uint32_t)json_count(from, f->name);
		break;
	case JSON_BOOL:
		*(bool *)at = cJSON_IsTrue(json_get(from, f->name));
		break;
	case JSON_TEXT:
		return json_text(from, f->name, at, f->size);
	}
	return true;
}

/* All fields are read, also behind one that fails, so none is left unset. */
bool json_read_fields(const cJSON *from, const struct json_fields *fields, void *to)
{
	bool ok = true;

	for (size_t i = 0; i < fields->n; i++)
		ok = read_field(from, &fields->rows[i], (char *)to + fields->rows[i].offset) &&
			ok;
	return ok;
}

/* ---- what files' metrics look like ------------------------------------------------- */

static const struct json_field plane[] = {
	JSON_FIELD(alcm_plane, "name", name),
	JSON_FIELD(alcm_plane, "bytes", raw_bytes),
	JSON_FIELD(alcm_plane, "stored", stored_bytes),
	JSON_FIELD(alcm_plane, "bits_before", bits_before),
	JSON_FIELD(alcm_plane, "bits_after", bits_after),
	JSON_FIELD(alcm_plane, "coder", coder),
};
static const struct json_field statistics[] = {
	JSON_FIELD(alcm_stats, "values", n),
	JSON_FIELD(alcm_stats, "nan", n_nan),
	JSON_FIELD(alcm_stats, "inf", n_inf),
	JSON_FIELD(alcm_stats, "mean", mean),
	JSON_FIELD(alcm_stats, "variance", variance),
	JSON_FIELD(alcm_stats, "stddev", stddev),
	JSON_FIELD(alcm_stats, "skewness", skewness),
	JSON_FIELD(alcm_stats, "kurtosis", kurtosis),
	JSON_FIELD(alcm_stats, "sparsity", sparsity),
	JSON_FIELD(alcm_stats, "min", min),
	JSON_FIELD(alcm_stats, "max", max),
};
static const struct json_field distortion[] = {
	JSON_FIELD(alcm_distortion, "values", n_values),
	JSON_FIELD(alcm_distortion, "pruned_share", pruned_share),
	JSON_FIELD(alcm_distortion, "mse", mse),
	JSON_FIELD(alcm_distortion, "mae", mae),
	JSON_FIELD(alcm_distortion, "max_error", max_error),
	JSON_FIELD(alcm_distortion, "relative_l2", relative_l2),
	JSON_FIELD(alcm_distortion, "psnr_db", psnr_db),
};
const struct json_fields json_plane = JSON_FIELDS(plane),
						 json_statistics = JSON_FIELDS(statistics),
						 json_distortion = JSON_FIELDS(distortion);

void json_add_statistics(cJSON *to, const struct alcm_stats *stats)
{
	struct alcm_stats s = *stats;

	if (!s.n)
		s.mean = s.variance = s.stddev = s.skewness = s.kurtosis = s.sparsity = s.min =
			s.max = (double)NAN;
	json_add_fields(cJSON_AddObjectToObject(to, "statistics"), &json_statistics, &s);
}

static void add_shape(cJSON *to, const uint64_t *shape, unsigned n_dims)
{
	cJSON *list = cJSON_AddArrayToObject(to, "shape");

	for (unsigned i = 0; i < n_dims; i++)
		cJSON_AddItemToArray(list, cJSON_CreateNumber((double)shape[i]));
}

void json_add_type(cJSON *to, const char *dtype, const uint64_t *shape, unsigned n_dims,
	bool fortran_order)
{
	json_add_text(to, "dtype", dtype);
	if (dtype[0])
		add_shape(to, shape, n_dims);
	else
		cJSON_AddNullToObject(to, "shape");
	json_add_text(to, "order", !dtype[0] ? "" : fortran_order ? "F" : "C");
}

void json_add_planes(cJSON *to, const struct alcm_plane *planes, unsigned n)
{
	cJSON *list = cJSON_AddArrayToObject(to, "planes");

	for (unsigned i = 0; i < n; i++) {
		cJSON *o = cJSON_CreateObject();

		json_add_fields(o, &json_plane, &planes[i]);
		cJSON_AddItemToArray(list, o);
	}
}

void json_add_tensors(cJSON *to, const struct alcm_tensor *rows, unsigned n,
	const struct alcm_plane *planes)
{
	cJSON *list = n ? cJSON_AddArrayToObject(to, "tensors") : NULL;

	for (const struct alcm_tensor *t = rows; t < rows + n; t++) {
		cJSON *o = cJSON_CreateObject();

		json_add_name(o, "name", t->name);
		json_add_number(o, "count", (double)t->n_tensors);
		json_add_text(o, "dtype", t->dtype);
		if (t->n_dims != ALCM_NO_SHAPE)
			add_shape(o, t->shape, t->n_dims);
		else
			cJSON_AddNullToObject(o, "shape");
		json_add_number(o, "bytes", (double)t->bytes);
		json_add_number(o, "stored", round(t->stored_bytes));
		json_add_number(o, "ratio",
			t->stored_bytes > 0 ? (double)t->bytes / t->stored_bytes : (double)NAN);
		json_add_planes(o, planes + t->first_plane, t->n_planes);
		cJSON_AddItemToArray(list, o);
	}
}

cJSON *json_add_quantisation(cJSON *to, const char *name,
	const struct alcm_quantisation *q)
{
	cJSON *o;

	if (!q->n_scales && !q->why_not[0]) {
		cJSON_AddNullToObject(to, name);
		return NULL;
	}
	o = cJSON_AddObjectToObject(to, name);
	json_add_text(o, "why_not", q->why_not);
	json_add_number(o, "bound", q->bound > 0 ? q->bound : (double)NAN);
	json_add_fields(o, &json_distortion, &q->distortion);
	return o;
}
