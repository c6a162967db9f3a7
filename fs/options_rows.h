/* SPDX-License-Identifier: MIT */
/* All options of -o and of the command line: one row each holds everything about an
   option. */
#ifndef ALCMFS_OPTIONS_ROWS_H
#define ALCMFS_OPTIONS_ROWS_H

#include <stddef.h>

#include "options.h"

enum option_kind {
	OPTION_IGNORED, /* for mount(8), or without meaning here */
	OPTION_PASSED,  /* for libfuse, the kernel or fusermount3 */
	OPTION_ON,      /* a bool becomes true */
	OPTION_OFF,     /* a bool becomes false */
	OPTION_TEXT,    /* a char *, of the heap */
	OPTION_WHOLE,   /* an unsigned, from `least` to `most` */
	OPTION_POWER,   /* the same, a power of two */
	OPTION_FRACTION /* a double */
};

struct option_row {
	const char *name; /* with the "=" before its value, if it has one */
	enum option_kind kind;
	size_t target; /* offset in struct options */
	bool passed;   /* libfuse gets it as well */
	double least, most;
	const char *unit;
	double number;    /* the default of numbers */
	const char *text; /* the default of texts; NULL: none */
	/* For the usage; NULL: not shown. `arg`: the placeholder of the value. */
	const char *arg, *help;
};

extern const struct option_row option_rows[];
extern const size_t n_option_rows;

#endif
