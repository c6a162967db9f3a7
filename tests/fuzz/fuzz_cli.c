/* SPDX-License-Identifier: MIT */
/*
 * The command line of alcm (tools/cli/cli_options.c): a verb's options and operands, of
 * which nothing is opened. Input: the verb's number, then the arguments between NULs.
 */
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli_options.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_ARGS = 24 };

static unsigned n_errors;

static void require(bool holds)
{
	if (!holds)
		abort();
}

/* ---- what cli.c and the verbs have ------------------------------------------------- */

enum cli_exit cli_error(struct cli *cli, const char *path, const char *fmt, ...)
{
	char text[4096];
	va_list ap;

	require(!path || strlen(path) + 1);
	va_start(ap, fmt);
	require(vsnprintf(text, sizeof(text), fmt, ap) > 0 && cli->verb);
	va_end(ap);
	n_errors++;
	return CLI_FAILED;
}

#define VERB(name)                             \
	enum cli_exit verb_##name(struct cli *cli) \
	{                                          \
		return cli_error(cli, NULL, #name);    \
	}

VERB(info)
VERB(du)
VERB(cat)
VERB(pack)
VERB(unpack)
VERB(check)
VERB(estimate)
VERB(top)
VERB(report)
VERB(completion)

/* ---- what a verb may rely on ------------------------------------------------------- */

/* Whether the row is of the verb: with what is around it, a name is found in one way
   only. */
static bool takes(const struct option_row *row, const struct verb *verb)
{
	char verbs[128], name[32];

	require(snprintf(verbs, sizeof(verbs), " %s ", row->verbs) < (int)sizeof(verbs));
	snprintf(name, sizeof(name), " %s ", verb->name);
	return strstr(verbs, name);
}

static bool is_word(const struct option_row *row, const char *text)
{
	for (size_t i = 0; row->words[i]; i++) {
		if (!strcmp(text, row->words[i]))
			return true;
	}
	return false;
}

/* A value is its default, or within the row's range; a text is one of the arguments, or
   the end of one. */
static void check_option(const struct cli *cli, const struct option_row *row,
	const char *args, size_t len)
{
	const void *target = (const char *)cli + row->target;
	const char *text;
	unsigned number;

	switch (row->kind) {
	case OPTION_FLAG:
		require(!memcmp(target, &(bool){ true }, sizeof(bool)) ||
			!memcmp(target, &(bool){ false }, sizeof(bool)));
		break;
	case OPTION_TEXT:
	case OPTION_WORD:
		memcpy(&text, target, sizeof(text));
		require(!text || (text >= args && text <= args + len) ||
			(row->kind == OPTION_WORD && text == row->default_word));
		require(!text || row->kind == OPTION_TEXT || is_word(row, text));
		break;
	case OPTION_NUMBER:
		memcpy(&number, target, sizeof(number));
		require(number == row->default_number ||
			(number >= row->least && number <= row->most));
	}
}

static void check(const struct cli *cli, char **argv, int argc, const char *args,
	size_t len)
{
	require(!n_errors);
	require(cli->n_paths >= 0 && (cli->n_paths > 0) == cli->verb->takes_paths);
	require(cli->paths >= argv + 1 && cli->paths + cli->n_paths == argv + argc);
	for (int i = 0; i < cli->n_paths; i++)
		require(cli->paths[i] >= args && cli->paths[i] <= args + len);
	for (size_t i = 0; i < cli->program->n_options; i++) {
		if (takes(&cli->program->options[i], cli->verb))
			check_option(cli, &cli->program->options[i], args, len);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *argv[MAX_ARGS + 2] = { NULL }, *args;
	struct cli cli = { .program = &alcm_rows };
	bool help = false;
	size_t len = size ? size - 1 : 0;
	int argc = 1;

	args = malloc(len + 1);
	require(args);
	if (len)
		memcpy(args, data + 1, len);
	args[len] = '\0';
	argv[0] = args;
	for (char *at = args; argc <= MAX_ARGS && at <= args + len; at += strlen(at) + 1)
		argv[argc++] = at;
	cli.verb = &alcm_rows.verbs[size ? data[0] % alcm_rows.n_verbs : 0];
	n_errors = 0;
	opterr = 0;
	optind = 0; /* glibc: begin anew */
	if (!cli_options_parse(&cli, argc, argv, &help) && !help)
		check(&cli, argv, argc, args, len);
	require(argv[0] == args && !argv[argc]);
	free(args);
	return 0;
}
