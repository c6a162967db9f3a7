/* SPDX-License-Identifier: MIT */
/*
 * Reports for a terminal. Bars are only drawn in colour; without it they would have no
 * meaning.
 *
 *   one file             headline, planes or tensors with theirs, entropy
 *   files of a directory a table, and a last row that sums all of them
 *
 * Columns are tables of title and sort key (text_table.h). Cells must be added in the
 * order of the columns; a row that misses one shifts all others.
 */
#include "write_text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report_words.h"
#include "text_table.h"

#define BAR_WIDTH 24

/* ---- one file ---------------------------------------------------------------------- */

static const struct text_column plane_columns[] = { { "  Bits per value by plane", "",
														true },
	{ "before", "", false }, { "after", "", false }, { "coder", "", true } };

/* Bits per value show where the bytes go: of a float32 the exponents shrink most. */
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

static const struct text_column tensor_columns[] = {
	{ "  Tensor and its planes", "", true }, { "Type", "", true }, { "Shape", "", true },
	{ "Bytes", "", false }, { "Stored", "", false }, { "Ratio", "", false },
	{ "Bits/value", "", false }, { "Coder", "", true }
};

/* The ratio is left empty where one of both is unknown. */
static void size_cells(struct text_table *t, double bytes, double stored)
{
	text_table_bytes(t, bytes, false);
	text_table_bytes(t, stored, false);
	if (stored > 0 && bytes > 0)
		text_table_cell(t, "%.3f", bytes / stored);
	else
		text_table_cell(t, "%s", "");
}

static bool tensor_row(struct text_table *t, const struct alcm_tensor *row)
{
	char *name = words_visible(row->name), shape[256] = "";

	if (!name)
		return false;
	if (row->n_tensors > 1)
		text_table_cell(t, "    %s (%" PRIu64 " tensors)", name, row->n_tensors);
	else
		text_table_cell(t, "    %s", name[0] ? name : "(no tensor's)");
	free(name);
	if (row->n_dims != ALCM_NO_SHAPE)
		words_dims(row->shape, row->n_dims, shape, sizeof(shape));
	text_table_cell(t, "%s", row->dtype);
	text_table_cell(t, "%s", shape);
	size_cells(t, (double)row->bytes, row->stored_bytes);
	text_table_cell(t, "%s", "");
	text_table_cell(t, "%s", "");
	text_table_bar(t, row->stored_bytes / fmax((double)row->bytes, 1),
		fmax(0, 1 - row->stored_bytes / fmax((double)row->bytes, 1)));
	return true;
}

static void plane_row(struct text_table *t, const struct alcm_plane *p)
{
	text_table_cell(t, "      %s", p->name);
	text_table_cell(t, "%s", "");
	text_table_cell(t, "%s", "");
	size_cells(t, (double)p->raw_bytes, (double)p->stored_bytes);
	text_table_cell(t, "%.3g → %.3g", p->bits_before, p->bits_after);
	text_table_cell(t, "%s", p->coder);
}

/* The tensors of a container. Each is followed by its planes, a step further to the
   right, in the same columns. */
static bool print_tensors(const struct alcm_info *info, bool color)
{
	struct text_table t;
	bool ok = true;

	text_table_init(&t, tensor_columns,
		sizeof(tensor_columns) / sizeof(tensor_columns[0]), color);
	for (unsigned i = 0; i < info->n_rows && ok; i++) {
		const struct alcm_tensor *row = &info->rows[i];

		ok = tensor_row(&t, row);
		for (unsigned p = 0; p < row->n_planes && ok; p++)
			plane_row(&t, &info->tensor_planes[row->first_plane + p]);
	}
	return text_table_end(&t, false) && ok;
}

/*
 * Both shares are of the same kind, bits stored by bits present, so their bars compare.
 */
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
	if (info->n_rows)
		ok = print_tensors(info, color) && ok;
	puts("  Entropy: bits needed / bits present");
	print_share("predicted", info->predicted_entropy, color);
	print_share("achieved", 1 / figures_ratio(&sum), color);
	return ok;
}

/* ---- the files of a directory ------------------------------------------------------ */

static const struct text_column file_columns[] = { { "File", "name", true },
	{ "Type", "", true }, { "Shape", "", true }, { "Logical", "logical", false },
	{ "Stored", "stored", false }, { "Ratio", "ratio", false },
	{ "Saved", "saved", false }, { "Bits/value", "", false }, { "CPU s", "cpu", false },
	{ "MB/s per core", "speed", false }, { "CAQ", "caq", false },
	{ "Profile", "", true } };

static void file_cells(struct text_table *t, const struct report_row *row, bool exact)
{
	static const struct file_detail none = { .bits_per_value = NAN };
	const struct file_detail *d = row->detail ? row->detail : &none;
	const struct figures *f = &row->sum;
	char type[64], shape[2048];

	text_table_cell(t, "%s", words_type(d, type));
	text_table_cell(t, "%s", words_shape(d, shape, sizeof(shape)));
	text_table_bytes(t, (double)f->logical, exact);
	text_table_bytes(t, (double)f->stored, exact);
	text_table_cell(t, "%.3f", figures_ratio(f));
	text_table_bytes(t, figures_saved(f), exact);
	if (isfinite(d->bits_per_value))
		text_table_cell(t, "%.2f", d->bits_per_value);
	else
		text_table_cell(t, "%s", "");
	text_table_cell(t, "%.3g", f->cpu_seconds);
	text_table_cell(t, "%.0f", figures_mb_per_s(f));
	text_table_cell(t, "%.3f", figures_caq(f));
	text_table_cell(t, "%s", row->why_not[0] ? row->why_not : d->profile);
}

static bool file_row(struct text_table *t, const struct report_row *row, double whole,
	bool exact)
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

/* Rows are sums once they are folded, so a directory below `depth` is a row like a file.
   The last row counts all files, also those whose lines aren't shown. */
bool write_text_files(struct report *report, const char *sort, unsigned depth,
	unsigned top, bool exact)
{
	struct report_row all = { .path = (char[]){ "all" }, .sum = report->all };
	double whole = 1;
	struct text_table t;
	bool ok = report_fold(report, depth);
	size_t n = top && top < report->n_rows ? top : report->n_rows;

	all.sum.n_files = 1; /* file_row() adds a number to names of joined rows only */
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
