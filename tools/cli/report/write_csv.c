/* SPDX-License-Identifier: MIT */
/* A report as CSV (RFC 4180), for spreadsheets. A row for each file, and a last one for
   all. Columns are fixed and have a name in the first row; to add one, add it to
   `columns` and to put_row() at the same place. What a file doesn't have is an empty
   field, not 0. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report_words.h"
#include "report_write.h"

static const char *const columns[] = { "path", "dtype", "shape", "files", "logical_bytes",
	"stored_bytes", "ratio", "saved_bytes", "bits_per_value", "cpu_seconds", "mb_per_s",
	"caq", "profile", "lossy", "codec", "predicted_entropy", "achieved_entropy",
	"zlib_gain_percent", "mean", "variance", "stddev", "skewness", "kurtosis", "sparsity",
	"min", "max", "mse", "max_error", "psnr_db", "modified", "why_not" };
#define N_COLUMNS (sizeof(columns) / sizeof(columns[0]))

/* Text from a store could begin like a formula, which a spreadsheet would run. */
static void put_text(FILE *to, const char *text)
{
	bool formula = *text && strchr("=+-@\t\r\n", *text);

	fputs(formula ? "\"'" : "\"", to);
	for (; *text; text++) {
		if (*text == '"')
			fputc('"', to);
		fputc(*text, to);
	}
	fputc('"', to);
}

static void put_next_text(FILE *to, const char *text)
{
	fputc(',', to);
	put_text(to, text);
}

/* An unknown number is an empty field. */
static void put_number(FILE *to, double v)
{
	fputc(',', to);
	if (isfinite(v) && fabs(v) < 1e15 && floor(v) == v)
		fprintf(to, "%.0f", v);
	else if (isfinite(v))
		fprintf(to, "%.9g", v);
}

/* The columns from `files` to `caq`. A plain file has no speed. */
static void put_figures(FILE *to, const struct figures *f, double bits_per_value)
{
	put_number(to, (double)f->n_files);
	put_number(to, (double)f->logical);
	put_number(to, (double)f->stored);
	put_number(to, figures_ratio(f));
	put_number(to, figures_saved(f));
	put_number(to, bits_per_value);
	put_number(to, f->cpu_seconds);
	put_number(to, f->n_compressed ? figures_mb_per_s(f) : (double)NAN);
	put_number(to, figures_caq(f));
}

/* The columns from `profile` to `psnr_db`. */
static void put_detail(FILE *to, const struct file_detail *d, const struct figures *f)
{
	const struct alcm_stats *s = &d->stats;
	const struct alcm_distortion *e = &d->quantisation.distortion;
	const double of_file[] = { d->predicted_entropy, 1 / figures_ratio(f),
		figures_gain_percent(f) };
	const double of_values[] = { s->mean, s->variance, s->stddev, s->skewness,
		s->kurtosis, s->sparsity, s->min, s->max };
	const double of_errors[] = { e->mse, e->max_error, e->psnr_db };

	put_next_text(to, d->profile);
	put_next_text(to, d->lossy ? "yes" : d->format[0] ? "no" : "");
	put_next_text(to, d->codec);
	for (size_t i = 0; i < 3; i++)
		put_number(to, f->n_compressed ? of_file[i] : (double)NAN);
	for (size_t i = 0; i < 8; i++)
		put_number(to, s->n ? of_values[i] : (double)NAN);
	for (size_t i = 0; i < 3; i++)
		put_number(to, e->n_values ? of_errors[i] : (double)NAN);
}

/* Names may be any bytes; alcm_utf8() makes them valid, as spreadsheets refuse others. */
static bool put_row(FILE *to, const struct report_row *row)
{
	static const struct file_detail none = { .bits_per_value = NAN,
		.predicted_entropy = NAN };
	const struct file_detail *d = row->detail ? row->detail : &none;
	char *path = alcm_utf8(row->path);
	char time[32];

	if (!path)
		return false;
	put_text(to, path);
	put_next_text(to, d->dtype);
	fputs(",\"", to);
	for (unsigned i = 0; i < d->n_dims; i++)
		fprintf(to, "%s%" PRIu64, i ? "x" : "", d->shape[i]);
	fputc('"', to);
	put_figures(to, &row->sum, d->bits_per_value);
	put_detail(to, d, &row->sum);
	put_next_text(to, row->mtime.tv_sec ? words_time(row->mtime.tv_sec, time) : "");
	put_next_text(to, row->why_not);
	fputs("\r\n", to);
	alcm_free_text(path);
	return true;
}

bool write_csv(FILE *to, const struct report *report, const struct report_origin *origin)
{
	struct report_row all = { .path = (char[]){ "(all)" }, .sum = report->all };

	(void)origin;
	for (size_t i = 0; i < N_COLUMNS; i++)
		fprintf(to, "%s%s", i ? "," : "", columns[i]);
	fputs("\r\n", to);
	for (size_t i = 0; i < report->n_rows; i++) {
		if (!put_row(to, &report->rows[i]))
			return false;
	}
	return put_row(to, &all);
}
