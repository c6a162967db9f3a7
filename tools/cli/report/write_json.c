/* SPDX-License-Identifier: MIT */
/*
 * The report as JSON (docs/collection.schema.json). Each file's object is built, printed
 * and freed, so memory doesn't grow with the number of files.
 *
 * Brackets and commas around the files are thus printed by hand, and everything inside
 * them by cJSON, which escapes. The page embeds the same objects (html_data.c), and du
 * shares the figures: a new member is added once.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "json_out.h"
#include "report_words.h"
#include "report_write.h"

void json_add_figures(cJSON *o, const struct figures *f)
{
	json_add_number(o, "files", (double)f->n_files);
	json_add_number(o, "compressed_files", (double)f->n_compressed);
	json_add_number(o, "lossy_files", (double)f->n_lossy);
	json_add_number(o, "logical_bytes", (double)f->logical);
	json_add_number(o, "stored_bytes", (double)f->stored);
	json_add_number(o, "saved_bytes", figures_saved(f));
	json_add_number(o, "ratio", figures_ratio(f));
	json_add_number(o, "cpu_seconds", f->cpu_seconds);
	json_add_number(o, "mb_per_s", f->n_compressed ? figures_mb_per_s(f) : (double)NAN);
	json_add_number(o, "caq", figures_caq(f));
	json_add_number(o, "zlib_gain_percent", figures_gain_percent(f));
}

static void add_counts(cJSON *to, const char *name, const uint64_t *counts, unsigned n)
{
	cJSON *list = cJSON_AddArrayToObject(to, name);

	for (unsigned i = 0; i < n; i++)
		cJSON_AddItemToArray(list, cJSON_CreateNumber((double)counts[i]));
}

static const struct json_field histogram_rows[] = {
	JSON_FIELD(alcm_histogram, "sample_bytes", sample_bytes),
	JSON_FIELD(alcm_histogram, "values", n_values),
	JSON_FIELD(alcm_histogram, "zeros", n_zero),
	JSON_FIELD(alcm_histogram, "low", low),
	JSON_FIELD(alcm_histogram, "high", high),
	JSON_FIELD(alcm_histogram, "below", n_below),
	JSON_FIELD(alcm_histogram, "above", n_above),
};

/* null for a file that wasn't sampled, so the member is always there. */
static void add_histogram(cJSON *to, const struct alcm_histogram *h)
{
	cJSON *o;

	if (!h) {
		cJSON_AddNullToObject(to, "histogram");
		return;
	}
	o = cJSON_AddObjectToObject(to, "histogram");
	json_add_fields(o, &(struct json_fields)JSON_FIELDS(histogram_rows), h);
	add_counts(o, "counts", h->values, h->n_bins);
	json_add_number(o, "exponent_low", h->exponent_low);
	json_add_number(o, "exponent_step", h->exponent_step);
	add_counts(o, "exponent_counts", h->exponents, h->n_exponents);
}

static void add_detail(cJSON *o, const struct file_detail *d, const struct figures *f)
{
	char type[64];

	cJSON_AddStringToObject(o, "format", d->format);
	cJSON_AddStringToObject(o, "type", words_type(d, type));
	json_add_type(o, d->dtype, d->shape, d->n_dims, d->fortran_order);
	if (d->n_tensors)
		json_add_number(o, "tensor_count", (double)d->n_tensors);
	cJSON_AddStringToObject(o, "profile", d->profile);
	cJSON_AddBoolToObject(o, "lossy", d->lossy);
	cJSON_AddStringToObject(o, "codec", d->codec);
	json_add_number(o, "bits_per_value", d->bits_per_value);
	json_add_number(o, "wall_seconds", d->wall_seconds);
	json_add_number(o, "threads", d->threads);
	json_add_number(o, "predicted_entropy", d->predicted_entropy);
	json_add_number(o, "achieved_entropy", 1 / figures_ratio(f));
	json_add_statistics(o, &d->stats);
	json_add_planes(o, d->planes, d->n_planes);
	json_add_tensors(o, d->rows, d->n_rows, d->tensor_planes);
	if (d->n_more_rows)
		json_add_number(o, "more_tensors", d->n_more_rows);
	(void)json_add_quantisation(o, "errors", &d->quantisation);
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

/* Print and free `o`. */
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

		json_add_number(step, "number", (double)report->steps[i].number);
		cJSON_AddItemToArray(steps, step);
	}
	return o;
}

/* Who made the document, from what, when and where, and the sums of all files. */
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

/* For put_list(): the i-th object of a list is made when its turn comes. */
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

/* Append the member `name`, a list of `n` objects with a line each. */
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

/* Round to six digits, more than the page shows. Counts keep all digits. */
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

/* For the page alone, which shows fewer digits. */
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
	/* The lists follow the members of the head, so its final "\n}" comes after them. */
	fprintf(to, "%.*s", (int)strlen(text) - 2, text);
	cJSON_free(text);
	ok = put_list(to, "files", report, report->n_rows, nth_file) &&
		put_list(to, "directories", report, report->n_dirs, nth_dir) &&
		put_list(to, "series", report, report->n_series, nth_series);
	fputs("\n}\n", to);
	return ok;
}
