/* SPDX-License-Identifier: MIT */
/*
 * Tables. All cells are collected first, because the widest one sets the width of its
 * column. Widths count characters on the screen, not bytes.
 *
 *   text_table_init()   columns: title, key for --sort, and whether it is text
 *   text_table_cell()   the next cell, from left to right and row by row
 *   text_table_bar()    after the last cell of a row: its bar
 *   text_table_end()    prints everything and frees it
 *
 * A failed allocation is noted and told at the end, so callers needn't check each cell. A
 * table that has failed isn't printed: a missing cell would shift all that follow.
 */
#include "text_table.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

#include "base/alloc.h"
#include "report_words.h"

#define BAR_WIDTH 24

/* NO_COLOR: see no-color.org. */
bool text_has_color(void)
{
	const char *term = getenv("TERM"), *no_color = getenv("NO_COLOR");

	return isatty(STDOUT_FILENO) && term && strcmp(term, "dumb") != 0 &&
		!(no_color && no_color[0]);
}

void text_table_init(struct text_table *t, const struct text_column *columns, unsigned n,
	bool color)
{
	*t = (struct text_table){ .columns = columns, .n_columns = n, .color = color };
}

void text_table_cell(struct text_table *t, const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	if (!mem_room(&t->cells, t->n_cells) || vasprintf(&text, fmt, ap) < 0)
		t->failed = true;
	else
		t->cells[t->n_cells++] = text;
	va_end(ap);
}

/* Rows before this one that got no bar are marked with NaN. */
void text_table_bar(struct text_table *t, double stored, double saved)
{
	size_t row = t->n_cells / t->n_columns;
	double *bars = realloc(t->bars, 2 * row * sizeof(*bars));

	t->failed = t->failed || !bars;
	if (!bars)
		return;
	t->bars = bars;
	for (; t->n_rows + 1 < row; t->n_rows++)
		bars[2 * t->n_rows] = bars[2 * t->n_rows + 1] = (double)NAN;
	bars[2 * row - 2] = stored;
	bars[2 * row - 1] = saved;
	t->n_rows = row;
}

/* A share that isn't 0 may have no block at all, when it is below half of one. */
void text_bar(double stored, double saved, unsigned width)
{
	unsigned n_stored = (unsigned)lrint(fmin(fmax(stored, 0), 1) * width);
	unsigned n_all = (unsigned)lrint(fmin(fmax(stored + saved, 0), 1) * width);

	fputs("\033[34m", stdout);
	for (unsigned i = 0; i < n_stored; i++)
		fputs("█", stdout);
	fputs("\033[32m", stdout);
	for (unsigned i = n_stored; i < n_all; i++)
		fputs("▒", stdout);
	fputs("\033[m", stdout);
}

/* The width on the screen. A text that isn't valid in the locale counts by its bytes. */
static int width_of(const char *text)
{
	wchar_t wide[512];
	size_t n = mbstowcs(wide, text, 511);
	int width;

	if (n == (size_t)-1 || n == 511)
		return (int)strlen(text);
	wide[n] = L'\0';
	width = wcswidth(wide, n);
	return width < 0 ? (int)strlen(text) : width;
}

static void print_cell(const char *text, int width, bool left, bool last)
{
	int pad = width - width_of(text);

	if (left && last)
		fputs(text, stdout);
	else if (left)
		printf("%s%*s", text, pad, "");
	else
		printf("%*s%s", pad, "", text);
}

static void print_row(const struct text_table *t, char *const *cells, const int *widths,
	size_t row)
{
	for (unsigned c = 0; c < t->n_columns; c++) {
		bool last = c + 1 == t->n_columns;

		print_cell(cells[c], widths[c], t->columns[c].is_text, last);
		if (!last)
			fputs("  ", stdout);
	}
	if (t->color && row < t->n_rows && !isnan(t->bars[2 * row])) {
		fputs("  ", stdout);
		text_bar(t->bars[2 * row], t->bars[2 * row + 1], BAR_WIDTH);
	}
}

static void print_table(const struct text_table *t, bool last_is_sum)
{
	size_t n_rows = t->n_cells / t->n_columns;
	const char *bold = t->color ? "\033[1m" : "", *plain = t->color ? "\033[m" : "";
	char *titles[TEXT_MAX_COLUMNS] = { NULL };
	int widths[TEXT_MAX_COLUMNS] = { 0 };

	for (unsigned c = 0; c < t->n_columns; c++) {
		titles[c] = (char *)(uintptr_t)t->columns[c].title;
		widths[c] = width_of(titles[c]);
		for (size_t r = 0; r < n_rows; r++) {
			int width = width_of(t->cells[r * t->n_columns + c]);

			widths[c] = width > widths[c] ? width : widths[c];
		}
	}
	fputs(bold, stdout);
	print_row(t, titles, widths, SIZE_MAX);
	printf("%s\n", plain);
	for (size_t r = 0; r < n_rows; r++) {
		bool sum = last_is_sum && r + 1 == n_rows;

		fputs(sum ? bold : "", stdout);
		print_row(t, t->cells + r * t->n_columns, widths, r);
		printf("%s\n", sum ? plain : "");
	}
}

bool text_table_end(struct text_table *t, bool last_is_sum)
{
	if (!t->failed)
		print_table(t, last_is_sum);
	for (size_t i = 0; i < t->n_cells; i++)
		free(t->cells[i]);
	free(t->cells);
	free(t->bars);
	return !t->failed;
}

void text_table_bytes(struct text_table *t, double bytes, bool exact)
{
	char text[32];

	if (exact)
		text_table_cell(t, "%.0f", bytes);
	else
		text_table_cell(t, "%s", words_bytes(bytes, text));
}

/* The columns of TEXT_SUM_COLUMNS after the name, in that order. */
void text_table_sums(struct text_table *t, const struct figures *f, bool exact)
{
	text_table_cell(t, "%" PRIu64, f->n_files);
	text_table_bytes(t, (double)f->logical, exact);
	text_table_bytes(t, (double)f->stored, exact);
	text_table_cell(t, "%.3f", figures_ratio(f));
	text_table_bytes(t, figures_saved(f), exact);
	text_table_cell(t, "%.3g", f->cpu_seconds);
	text_table_cell(t, "%.0f", figures_mb_per_s(f));
	text_table_cell(t, "%.3f", figures_caq(f));
}

static double value_files(const struct figures *f)
{
	return (double)f->n_files;
}

static double value_logical(const struct figures *f)
{
	return (double)f->logical;
}

static double value_stored(const struct figures *f)
{
	return (double)f->stored;
}

static double value_cpu(const struct figures *f)
{
	return f->cpu_seconds;
}

/* NaN: no such key, so rows are sorted by name. */
double text_sort_value(const struct figures *f, const char *key)
{
	static const struct {
		const char *key;
		double (*value)(const struct figures *f);
	} keys[] = {
		{ "files", value_files },
		{ "logical", value_logical },
		{ "stored", value_stored },
		{ "ratio", figures_ratio },
		{ "saved", figures_saved },
		{ "cpu", value_cpu },
		{ "speed", figures_mb_per_s },
		{ "caq", figures_caq },
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (strcmp(keys[i].key, key) == 0)
			return keys[i].value(f);
	}
	return (double)NAN;
}
