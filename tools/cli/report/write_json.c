/* SPDX-License-Identifier: MIT */
/*
 * The report as JSON (docs/collection.schema.json). A file's object is built, printed and
 * dropped, so that memory does not grow with their number.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "json_out.h"
#include "report_words.h"
#include "report_write.h"

/* JSON has no NaN and no infinity. A NULL on the way (memory is short) makes cJSON drop
   the item. */
static void add_number(cJSON *to, const char *name, double v)
{
	if (isfinite(v))
		cJSON_AddNumberToObject(to, name, v);
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

void json_add_figures(cJSON *o, const struct figures *f)
{
	add_number(o, "files", (double)f->n_files);
	add_number(o, "compressed_files", (double)f->n_compressed);
	add_number(o, "lossy_files", (double)f->n_lossy);
	add_number(o, "logical_bytes", (double)f->logical);
	add_number(o, "stored_bytes", (double)f->stored);
	add_number(o, "saved_bytes", figures_saved(f));
	add_number(o, "ratio", figures_ratio(f));
	add_number(o, "cpu_seconds", f->cpu_seconds);
	add_number(o, "mb_per_s", f->n_compressed ? figures_mb_per_s(f) : (double)NAN);
	add_number(o, "caq", figures_caq(f));
	add_number(o, "zlib_gain_percent", figures_gain_percent(f));
}

static void add_statistics(cJSON *to, const struct alcm_stats *s)
{
	cJSON *o = cJSON_AddObjectToObject(to, "statistics");

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

static void add_planes(cJSON *to, const struct alcm_plane *list, unsigned n)
{
	cJSON *planes = cJSON_AddArrayToObject(to, "planes");

	for (unsigned i = 0; i < n; i++) {
		cJSON *o = cJSON_CreateObject();

		cJSON_AddStringToObject(o, "name", list[i].name);
		add_number(o, "bytes", (double)list[i].raw_bytes);
		add_number(o, "stored", (double)list[i].stored_bytes);
		add_number(o, "bits_before", list[i].bits_before);
		add_number(o, "bits_after", list[i].bits_after);
		cJSON_AddStringToObject(o, "coder", list[i].coder);
		cJSON_AddItemToArray(planes, o);
	}
}

/* A container's, one by one or by the pattern of their names. */
static void add_tensors(cJSON *to, const struct file_detail *d)
{
	cJSON *tensors = d->n_rows ? cJSON_AddArrayToObject(to, "tensors") : NULL;

	for (unsigned i = 0; i < d->n_rows; i++) {
		const struct alcm_tensor *t = &d->rows[i];
		bool one_shape = t->n_dims <= ALCM_TENSOR_DIMS;
		cJSON *o = cJSON_CreateObject(), *shape;

		json_add_name(o, "name", t->name);
		add_number(o, "count", (double)t->n_tensors);
		cJSON_AddItemToObject(o, "dtype",
			t->dtype[0] ? cJSON_CreateString(t->dtype) : cJSON_CreateNull());
		shape = one_shape ? cJSON_AddArrayToObject(o, "shape")
						  : cJSON_AddNullToObject(o, "shape");
		for (unsigned k = 0; one_shape && k < t->n_dims; k++)
			cJSON_AddItemToArray(shape, cJSON_CreateNumber((double)t->shape[k]));
		add_number(o, "bytes", (double)t->bytes);
		add_number(o, "stored", round(t->stored_bytes));
		add_number(o, "ratio",
			t->stored_bytes > 0 ? (double)t->bytes / t->stored_bytes : (double)NAN);
		add_planes(o, d->tensor_planes + t->first_plane, t->n_planes);
		cJSON_AddItemToArray(tensors, o);
	}
	if (d->n_more_rows)
		add_number(to, "more_tensors", d->n_more_rows);
}

static void add_errors(cJSON *to, const struct alcm_quantisation *q)
{
	const struct alcm_distortion *d = &q->distortion;
	cJSON *o;

	if (!q->n_scales && !q->why_not[0]) {
		cJSON_AddNullToObject(to, "errors");
		return;
	}
	o = cJSON_AddObjectToObject(to, "errors");
	if (q->why_not[0])
		cJSON_AddStringToObject(o, "why_not", q->why_not);
	else
		cJSON_AddNullToObject(o, "why_not");
	add_number(o, "values", (double)d->n_values);
	add_number(o, "bound", q->bound > 0 ? q->bound : (double)NAN);
	add_number(o, "pruned_share", d->pruned_share);
	add_number(o, "mse", d->mse);
	add_number(o, "mae", d->mae);
	add_number(o, "max_error", d->max_error);
	add_number(o, "relative_l2", d->relative_l2);
	add_number(o, "psnr_db", d->psnr_db);
}

static void add_counts(cJSON *to, const char *name, const uint64_t *counts, unsigned n)
{
	cJSON *list = cJSON_AddArrayToObject(to, name);

	for (unsigned i = 0; i < n; i++)
		cJSON_AddItemToArray(list, cJSON_CreateNumber((double)counts[i]));
}

static void add_histogram(cJSON *to, const struct alcm_histogram *h)
{
	cJSON *o;

	if (!h) {
		cJSON_AddNullToObject(to, "histogram");
		return;
	}
	o = cJSON_AddObjectToObject(to, "histogram");
	add_number(o, "sample_bytes", (double)h->sample_bytes);
	add_number(o, "values", (double)h->n_values);
	add_number(o, "zeros", (double)h->n_zero);
	add_number(o, "low", h->low);
	add_number(o, "high", h->high);
	add_number(o, "below", (double)h->n_below);
	add_number(o, "above", (double)h->n_above);
	add_counts(o, "counts", h->values, h->n_bins);
	add_number(o, "exponent_low", h->exponent_low);
	add_number(o, "exponent_step", h->exponent_step);
	add_counts(o, "exponent_counts", h->exponents, h->n_exponents);
}

static void add_detail(cJSON *o, const struct file_detail *d, const struct figures *f)
{
	cJSON *shape;
	char type[64];

	cJSON_AddStringToObject(o, "format", d->format);
	cJSON_AddStringToObject(o, "type", words_type(d, type));
	if (d->dtype[0]) {
		cJSON_AddStringToObject(o, "dtype", d->dtype);
		shape = cJSON_AddArrayToObject(o, "shape");
		for (unsigned i = 0; i < d->n_dims; i++)
			cJSON_AddItemToArray(shape, cJSON_CreateNumber((double)d->shape[i]));
		cJSON_AddStringToObject(o, "order", d->fortran_order ? "F" : "C");
	} else {
		cJSON_AddNullToObject(o, "dtype");
		cJSON_AddNullToObject(o, "shape");
		cJSON_AddNullToObject(o, "order");
	}
	if (d->n_tensors)
		add_number(o, "tensor_count", (double)d->n_tensors);
	cJSON_AddStringToObject(o, "profile", d->profile);
	cJSON_AddBoolToObject(o, "lossy", d->lossy);
	cJSON_AddStringToObject(o, "codec", d->codec);
	add_number(o, "bits_per_value", d->bits_per_value);
	add_number(o, "wall_seconds", d->wall_seconds);
	add_number(o, "threads", d->threads);
	add_number(o, "predicted_entropy", d->predicted_entropy);
	add_number(o, "achieved_entropy", 1 / figures_ratio(f));
	add_statistics(o, &d->stats);
	add_planes(o, d->planes, d->n_planes);
	add_tensors(o, d);
	add_errors(o, &d->quantisation);
	add_histogram(o, d->histogram);
}

static cJSON *row_json(const struct report_row *row)
{
	cJSON *o = cJSON_CreateObject();
	char time[32];

	json_add_name(o, "path", row->path);
	cJSON_AddStringToObject(o, "modified", words_time(row->mtime.tv_sec, time));
	json_add_figures(o, &row->sum);
	if (row->detail)
		add_detail(o, row->detail, &row->sum);
	else
		cJSON_AddStringToObject(o, "why_not_compressed", row->why_not);
	return o;
}

static cJSON *dir_json(const char *path, const struct figures *sum)
{
	cJSON *o = cJSON_CreateObject();

	json_add_name(o, "path", path);
	json_add_figures(o, sum);
	return o;
}

/* Print and drop `o`. */
static bool put(FILE *to, cJSON *o)
{
	char *text = o ? cJSON_PrintUnformatted(o) : NULL;

	cJSON_Delete(o);
	if (text)
		fputs(text, to);
	cJSON_free(text);
	return text != NULL;
}

static cJSON *series_json(const struct report *report, const struct report_series *series)
{
	cJSON *o = cJSON_CreateObject(), *steps;

	json_add_name(o, "name", series->name);
	steps = cJSON_AddArrayToObject(o, "steps");
	for (size_t i = series->first; i < series->first + series->n; i++) {
		cJSON *step = dir_json(report->steps[i].path, &report->steps[i].sum);

		add_number(step, "number", (double)report->steps[i].number);
		cJSON_AddItemToArray(steps, step);
	}
	return o;
}

static cJSON *head_json(const struct report *report, const struct report_origin *origin)
{
	cJSON *o = cJSON_CreateObject(), *operands, *all;
	char text[256];

	cJSON_AddStringToObject(o, "schema", "alcm-collection/1");
	cJSON_AddStringToObject(o, "generator", "alcmfs");
	cJSON_AddStringToObject(o, "version", ALCM_VERSION);
	cJSON_AddStringToObject(o, "made", words_time(origin->made, text));
	cJSON_AddStringToObject(o, "host", words_host(text, sizeof(text)));
	operands = cJSON_AddArrayToObject(o, "operands");
	for (int i = 0; i < origin->n_operands; i++) {
		char *utf8 = alcm_utf8(origin->operands[i]);

		cJSON_AddItemToArray(operands, utf8 ? cJSON_CreateString(utf8) : NULL);
		alcm_free_text(utf8);
	}
	cJSON_AddStringToObject(o, "headline",
		words_headline(&report->all, text, sizeof(text)));
	all = cJSON_AddObjectToObject(o, "all");
	json_add_figures(all, &report->all);
	all = cJSON_AddObjectToObject(o, "compressed");
	json_add_figures(all, &report->compressed);
	return o;
}

static cJSON *nth_file(const struct report *report, size_t i)
{
	return row_json(&report->rows[i]);
}

static cJSON *nth_dir(const struct report *report, size_t i)
{
	return dir_json(report->dirs[i].path, &report->dirs[i].sum);
}

static cJSON *nth_series(const struct report *report, size_t i)
{
	return series_json(report, &report->series[i]);
}

/* The member `name`, a list of `n` objects on a line each, behind what `to` has. */
static bool put_list(FILE *to, const char *name, const struct report *report, size_t n,
	cJSON *(*nth)(const struct report *report, size_t i))
{
	fprintf(to, ",\n\t\"%s\":\t[", name);
	for (size_t i = 0; i < n; i++) {
		fputs(i ? ",\n\t\t" : "\n\t\t", to);
		if (!put(to, nth(report, i)))
			return false;
	}
	fputs("]", to);
	return true;
}

/* To six digits, which are more than anybody is shown; counts keep all of theirs. */
static void shorten(cJSON *o)
{
	cJSON *item;
	char digits[32];

	cJSON_ArrayForEach(item, o)
	{
		shorten(item);
		if (!cJSON_IsNumber(item) || floor(item->valuedouble) == item->valuedouble)
			continue;
		snprintf(digits, sizeof(digits), "%.6g", item->valuedouble);
		cJSON_SetNumberValue(item, strtod(digits, NULL));
	}
}

bool json_write_compressed(FILE *to, const struct report *report)
{
	const char *before = "[";

	for (size_t i = 0; i < report->n_rows; i++) {
		if (!report->rows[i].sum.n_compressed)
			continue;
		cJSON *row = row_json(&report->rows[i]);

		shorten(row);
		fputs(before, to);
		if (!put(to, row))
			return false;
		before = ",";
	}
	fputs(before[0] == '[' ? "[]" : "]", to);
	return true;
}

bool write_json(FILE *to, const struct report *report, const struct report_origin *origin)
{
	cJSON *head = head_json(report, origin);
	char *text = head ? cJSON_Print(head) : NULL;
	bool ok;

	cJSON_Delete(head);
	if (!text)
		return false;
	/* The lists are members behind those of the head, whose "\n}" comes last. */
	fprintf(to, "%.*s", (int)strlen(text) - 2, text);
	cJSON_free(text);
	ok = put_list(to, "files", report, report->n_rows, nth_file) &&
		put_list(to, "directories", report, report->n_dirs, nth_dir) &&
		put_list(to, "series", report, report->n_series, nth_series);
	fputs("\n}\n", to);
	return ok;
}
