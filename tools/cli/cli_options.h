/* SPDX-License-Identifier: MIT */
/*
 * Options of a program's verbs, a row each: who takes it, where its value goes, what it
 * may be, what it is otherwise. Parsing, help and completion come from the rows, so that
 * a new option is a row, a field and what is done with it.
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
	const char *verbs; /* that take it, with blanks between them */
	char letter;       /* 0: only the long form */
	const char *name, *arg, *help;
	enum option_kind kind;
	size_t target;            /* offset of the value in the program's state */
	const char *const *words; /* with a NULL at the end */
	const char *default_word; /* NULL: none, and so is the value */
	unsigned least, most;     /* of a number */
	unsigned default_number;  /* help tells it if it is one that may be given */
};

/* The end of a row: `s` is the program's state, a struct. */
#define FLAG(s, field) .kind = OPTION_FLAG, .target = offsetof(struct s, field)
#define TEXT(s, field) .kind = OPTION_TEXT, .target = offsetof(struct s, field)
#define WORD(s, field, list, otherwise)                                        \
	.kind = OPTION_WORD, .target = offsetof(struct s, field), .words = (list), \
	.default_word = (otherwise)
#define NUMBER(s, field, from, to, otherwise)                                    \
	.kind = OPTION_NUMBER, .target = offsetof(struct s, field), .least = (from), \
	.most = (to), .default_number = (otherwise)

/*
 * Set every option of the verb to its default, then parse argv (behind the verb's name)
 * into the state, which begins with `cli`. CLI_FAILED: with a message. `*help`: --help
 * was asked for.
 */
enum cli_exit cli_options_parse(struct cli *cli, int argc, char **argv, bool *help);

/* Print the verb's usage and options. */
void cli_options_help(const struct cli *cli);

/* Print the long options of a verb, separated by blanks. */
void cli_options_list(const struct cli_program *program, const struct verb *verb);

#endif
