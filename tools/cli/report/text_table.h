/* SPDX-License-Identifier: MIT */
/*
 * Tables for a terminal: columns as wide as their content, and bars if there is colour.
 */
#ifndef ALCM_TOOLS_TEXT_TABLE_H
#define ALCM_TOOLS_TEXT_TABLE_H

#include "report_model.h"

/* A column, and its key for --sort. */
struct text_column {
	const char *title, *key; /* key: of --sort */
	bool is_text;            /* aligned left, and sorted upwards */
};

enum { TEXT_MAX_COLUMNS = 16 };

struct text_table {
	const struct text_column *columns;
	unsigned n_columns;
	bool color; /* colours and bars */
	char **cells;
	size_t n_cells;
	double *bars; /* two per row: stored and saved, as shares of the whole; NaN: no bar */
	size_t n_rows;
	bool failed; /* out of memory */
};

/* Whether standard output is a terminal that shows colour, and NO_COLOR is not set. */
bool text_has_color(void);

void text_table_init(struct text_table *t, const struct text_column *columns, unsigned n,
	bool color);

/* Add the next cell; rows are filled from left to right. */
void text_table_cell(struct text_table *t, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* A cell with a number of bytes, possibly negative: for people, or exact. */
void text_table_bytes(struct text_table *t, double bytes, bool exact);

/* Add a bar to the row just filled; both shares are in [0, 1]. */
void text_table_bar(struct text_table *t, double stored, double saved);

/*
 * Print and free the table. `last_is_sum`: the last row is the sum. False: out of memory.
 */
bool text_table_end(struct text_table *t, bool last_is_sum);

/* Print a bar of `width` characters for the two shares, in colour. */
void text_bar(double stored, double saved, unsigned width);

/* Common columns of all tables of sums, after the name: files, logical, stored, ratio,
   saved, CPU s, MB/s, CAQ. `exact`: exact bytes. */
#define TEXT_SUM_COLUMNS                                            \
	{ "Files", "files", false }, { "Logical", "logical", false },   \
		{ "Stored", "stored", false }, { "Ratio", "ratio", false }, \
		{ "Saved", "saved", false }, { "CPU s", "cpu", false },     \
		{ "MB/s per core", "speed", false },                        \
	{                                                               \
		"CAQ", "caq", false                                         \
	}
void text_table_sums(struct text_table *t, const struct figures *f, bool exact);

/* The figure for --sort KEY. NaN: not a figure's key. */
double text_sort_value(const struct figures *f, const char *key);

#endif
