/* SPDX-License-Identifier: MIT */
/* Tables for a terminal: columns as wide as what is in them, and bars where there is
   colour. */
#ifndef ALCM_TOOLS_TEXT_TABLE_H
#define ALCM_TOOLS_TEXT_TABLE_H

#include "report_model.h"

/* Figures of a table of sums, in this order; what --sort takes. */
struct text_column {
	const char *title, *key; /* key: for --sort */
	bool is_text;            /* to the left, and sorted upwards */
};

enum { TEXT_MAX_COLUMNS = 16 };

struct text_table {
	const struct text_column *columns;
	unsigned n_columns;
	bool color; /* bars too */
	char **cells;
	size_t n_cells;
	double *bars; /* two a row, shares of the whole: stored and saved; NaN: no bar */
	size_t n_rows;
	bool failed; /* out of memory */
};

/* Whether standard output is a terminal that shows colour, and NO_COLOR is not set. */
bool text_has_color(void);

void text_table_init(struct text_table *t, const struct text_column *columns, unsigned n,
	bool color);

/* The next cell, row by row. */
void text_table_cell(struct text_table *t, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* A cell of bytes, which may be below 0: for people, or an exact number. */
void text_table_bytes(struct text_table *t, double bytes, bool exact);

/* The row that was just filled gets a bar: shares of the longest one, both in [0, 1]. */
void text_table_bar(struct text_table *t, double stored, double saved);

/* Print it, the last row set off as the sum of the others; and free it. False: out of
   memory. */
bool text_table_end(struct text_table *t, bool last_is_sum);

/* A bar of `width` places, of which shares are stored and saved; nothing without
   colour. */
void text_bar(double stored, double saved, unsigned width);

/*
 * The cells that sums have in common, behind a name: files, logical, stored, ratio,
 * saved, CPU s, MB/s, CAQ. `exact`: bytes as numbers.
 */
#define TEXT_SUM_COLUMNS                                            \
	{ "Files", "files", false }, { "Logical", "logical", false },   \
		{ "Stored", "stored", false }, { "Ratio", "ratio", false }, \
		{ "Saved", "saved", false }, { "CPU s", "cpu", false },     \
		{ "MB/s per core", "speed", false },                        \
	{                                                               \
		"CAQ", "caq", false                                         \
	}
void text_table_sums(struct text_table *t, const struct figures *f, bool exact);

/* What --sort KEY compares: a figure by its key. NaN: there is no such key. */
double text_sort_value(const struct figures *f, const char *key);

#endif
