/* SPDX-License-Identifier: MIT */
/* What may be said behind -o and on the command line, a row each: all that is known of an
   option. */
#ifndef ALCMFS_OPTIONS_ROWS_H
#define ALCMFS_OPTIONS_ROWS_H

#include <stddef.h>

#include "options.h"

enum option_kind {
	OPTION_IGNORED, /* is for mount(8), or means nothing here */
	OPTION_PASSED,  /* is libfuse's, the kernel's or fusermount3's */
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
	bool passed;   /* and libfuse gets it as well */
	double least, most;
	const char *unit;
	double number;    /* the default: of what is given in numbers, */
	const char *text; /* and of texts; NULL: none */
	/* For the usage; NULL: it isn't there. `arg`: what stands for the value. */
	const char *arg, *help;
};

extern const struct option_row option_rows[];
extern const size_t n_option_rows;

#endif
