/* SPDX-License-Identifier: MIT */
#include "write_text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report_words.h"
#include "text_table.h"

#define BAR_WIDTH 24

/* ---- one file -------------------------------------------------------------------------------------- */

static const struct text_column plane_columns[] = { { "  Bits per value by plane", "", true },
	{ "before", "", false }, { "after", "", false }, { "coder", "", true } };

static bool print_planes(const struct alcm_info *info, bool color)
{
	struct text_table t;

	text_table_init(&t, plane_columns, sizeof(plane_columns) / sizeof(plane_columns[0]),
		color);
	for (unsigned i = 0; i < info->n_planes; i++) {
		const struct alcm_plane *p = &info->planes[i];
		double before = fmax(p->bits_before, 1e-9);

		text_table_cell(&t, "    %s", p->name);
		text_table_cell(&t, "%.3g", p->bits_before);
		text_table_cell(&t, "%.3g", p->bits_after);
		text_table_cell(&t, "%s", p->coder);
		text_table_bar(&t, p->bits_after / before, fmax(0, 1 - p->bits_after / before));
	}
	return text_table_end(&t, false);
}

static void print_share(const char *name, double share, bool color)
{
	printf("    %-22s ", name);
	if (isfinite(share))
		printf("%5.1f %% ", 100 * share);
	else
		fputs("      – ", stdout);
	if (color && isfinite(share))
		text_bar(share, 0, BAR_WIDTH);
	putchar('\n');
}

bool write_text_file(const char *path, const struct alcm_info *info)
{
	struct figures sum = figures_of_blob(info);
	char *visible = words_visible(path), headline[256], lossy[256];
	bool color = text_has_color(), ok = visible;

	printf("%s\n  %s\n  %s\n", ok ? visible : "",
		words_headline(&sum, headline, sizeof(headline)),
		words_lossy(&sum, lossy, sizeof(lossy)));
	free(visible);
	if (info->n_planes)
		ok = print_planes(info, color) && ok;
	puts("  Entropy: bits needed of bits there");
	print_share("predicted", info->predicted_entropy, color);
	print_share("achieved", 1 / figures_ratio(&sum), color);
	return ok;
}

/* ---- the files of a directory ------------------------------------------------------------------------ */

static const struct text_column file_columns[] = { { "File", "name", true }, { "Type", "", true },
	{ "Shape", "", true }, { "Logical", "logical", false }, { "Stored", "stored", false },
	{ "Ratio", "ratio", false }, { "Saved", "saved", false }, { "Bits/value", "", false },
	{ "CPU s", "cpu", false }, { "MB/s per core", "speed", false }, { "CAQ", "caq", false },
	{ "Profile", "", true } };

static void cell_bytes(struct text_table *t, double bytes, bool exact)
{
	char text[32];

	if (exact)
		text_table_cell(t, "%.0f", bytes);
	else
		text_table_cell(t, "%s", words_bytes(bytes, text));
}

static void file_cells(struct text_table *t, const struct report_row *row, bool exact)
{
	static const struct file_detail none = { .bits_per_value = NAN };
	const struct file_detail *d = row->detail ? row->detail : &none;
	const struct figures *f = &row->sum;
	char type[64], shape[2048];

	text_table_cell(t, "%s", words_type(d, type));
	text_table_cell(t, "%s", words_shape(d, shape, sizeof(shape)));
	cell_bytes(t, (double)f->logical, exact);
	cell_bytes(t, (double)f->stored, exact);
	text_table_cell(t, "%.3f", figures_ratio(f));
	cell_bytes(t, figures_saved(f), exact);
	if (isfinite(d->bits_per_value))
		text_table_cell(t, "%.2f", d->bits_per_value);
	else
		text_table_cell(t, "%s", "");
	text_table_cell(t, "%.3g", f->cpu_seconds);
	text_table_cell(t, "%.0f", figures_mb_per_s(f));
	text_table_cell(t, "%.3f", figures_caq(f));
	text_table_cell(t, "%s", row->why_not[0] ? row->why_not : d->profile);
}

static bool file_row(struct text_table *t, const struct report_row *row, double whole, bool exact)
{
	char *path = words_visible(row->path);

	if (!path)
		return false;
	if (row->sum.n_files > 1)
		text_table_cell(t, "%s (%" PRIu64 " files)", path, row->sum.n_files);
	else
		text_table_cell(t, "%s", path);
	free(path);
	file_cells(t, row, exact);
	text_table_bar(t, (double)row->sum.stored / whole,
		fmax(0, figures_saved(&row->sum)) / whole);
	return true;
}

static int by_key(const void *pa, const void *pb, void *key)
{
	const struct report_row *a = pa, *b = pb;
	double x = text_sort_value(&a->sum, key), y = text_sort_value(&b->sum, key);

	if (isnan(x))
		return strcmp(a->path, b->path);
	return (x < y) - (x > y);
}

bool write_text_files(struct report *report, const char *sort, unsigned depth, unsigned top,
	bool exact)
{
	struct report_row all = { .path = (char[]){ "all" }, .sum = report->all };
	double whole = 1;
	struct text_table t;
	bool ok = report_fold(report, depth);
	size_t n = top && top < report->n_rows ? top : report->n_rows;

	all.sum.n_files = 1; /* its number stands in the name of no row */
	if (top && !sort)
		sort = "saved";
	if (sort && report->n_rows)
		qsort_r(report->rows, report->n_rows, sizeof(report->rows[0]), by_key,
			(void *)(uintptr_t)sort);
	for (size_t i = 0; i < n; i++)
		whole = fmax(whole, (double)report->rows[i].sum.logical);
	text_table_init(&t, file_columns, sizeof(file_columns) / sizeof(file_columns[0]),
		text_has_color());
	for (size_t i = 0; i < n && ok; i++)
		ok = file_row(&t, &report->rows[i], whole, exact);
	text_table_cell(&t, "all %" PRIu64, report->all.n_files);
	file_cells(&t, &all, exact);
	ok = text_table_end(&t, true) && ok;
	if (n < report->n_rows)
		printf("%zu more lines are not shown.\n", report->n_rows - n);
	return ok;
}
