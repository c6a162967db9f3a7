/* SPDX-License-Identifier: MIT */
/*
 * The options of a program's verbs, one row each: the verbs that have it, the place of
 * its value, the allowed values and the default. Parsing, help and completion use the
 * rows, so a new option is a row, a field, and the code that uses the field.
 */
#ifndef ALCM_TOOLS_CLI_OPTIONS_H
#define ALCM_TOOLS_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli.h"

enum option_kind {
	OPTION_FLAG,   /* a bool that becomes true */
	OPTION_TEXT,   /* a const char *, NULL unless given */
	OPTION_WORD,   /* a const char *, one of `words` */
	OPTION_NUMBER, /* an unsigned, from `least` to `most` */
};

struct option_row {
	const char *verbs; /* verbs with this option, separated by blanks */
	char letter;       /* 0: only the long form */
	const char *name, *arg, *help;
	enum option_kind kind;
	size_t target;            /* offset of the value in the program's state */
	const char *const *words; /* with a NULL at the end */
	const char *default_word; /* NULL: the value stays NULL */
	unsigned least, most;     /* of a number */
	unsigned default_number;  /* shown in the help if it is in the range */
};

/* The end of a row. `s` is the struct with the program's state. */
#define FLAG(s, field) .kind = OPTION_FLAG, .target = offsetof(struct s, field)
#define TEXT(s, field) .kind = OPTION_TEXT, .target = offsetof(struct s, field)
#define WORD(s, field, list, otherwise)                                        \
	.kind = OPTION_WORD, .target = offsetof(struct s, field), .words = (list), \
	.default_word = (otherwise)
#define NUMBER(s, field, from, to, otherwise)                                    \
	.kind = OPTION_NUMBER, .target = offsetof(struct s, field), .least = (from), \
	.most = (to), .default_number = (otherwise)

/*
 * Set every option of the verb to its default. Then parse argv, from the verb's name on,
 * into the state, which begins with `cli`. CLI_FAILED: a message was printed. `*help`:
 * --help was given.
 */
enum cli_exit cli_options_parse(struct cli *cli, int argc, char **argv, bool *help);

/* Print the verb's usage and options. */
void cli_options_help(const struct cli *cli);

/* Print the long options of a verb, separated by blanks. */
void cli_options_list(const struct cli_program *program, const struct verb *verb);

#endif
