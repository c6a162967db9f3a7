/* SPDX-License-Identifier: MIT */
/*
 * The command line of alcm (tools/cli/cli_options.c): a verb's options and operands, of which nothing is opened.
 * Input: the verb's number, then the arguments between NULs.
 */
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_ARGS = 24 };

static unsigned n_errors;

static void require(bool holds)
{
	if (!holds)
		abort();
}

/* ---- what cli.c and the verbs have ------------------------------------------------------------------ */

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

#define VERB(name)                                  \
	enum cli_exit verb_##name(struct cli *cli)  \
	{                                           \
		return cli_error(cli, NULL, #name); \
	}

VERB(info)
VERB(du)
VERB(cat)
VERB(pack)
VERB(unpack)
VERB(check)
VERB(train)
VERB(bench)
VERB(leaderboard)
VERB(estimate)
VERB(top)
VERB(report)
VERB(completion)

/* ---- what a verb may rely on ------------------------------------------------------------------------- */

static bool given(const struct cli *cli, unsigned options)
{
	return cli->options & options;
}

static void check_number(const struct cli *cli, unsigned option, unsigned n, unsigned least,
	unsigned most)
{
	require(given(cli, option) ? n >= least && n <= most : n == 0);
}

static void check_numbers(const struct cli *cli)
{
	unsigned most = given(cli, OPT_BENCH_THREADS) ? 256 : 1024;

	check_number(cli, OPT_THREADS | OPT_BENCH_THREADS, cli->threads, 1, most);
	check_number(cli, OPT_ROUNDS, cli->n_rounds, 1, 99);
	check_number(cli, OPT_INTERVAL, cli->interval, 1, 3600);
	check_number(cli, OPT_LOOKS, cli->n_looks, 1, 1000000);
	check_number(cli, OPT_EPOCHS, cli->n_epochs, 1, 1000000);
	check_number(cli, OPT_SEED, cli->seed, 0, UINT32_MAX);
	check_number(cli, OPT_DEPTH, cli->depth, 0, 1000);
	check_number(cli, OPT_TOP, cli->top, 1, 1000000000);
}

/* A text is one of the arguments, or the end of one. */
static void check_text(const struct cli *cli, unsigned options, const char *text,
	const char *args, size_t len)
{
	require(given(cli, options) == (text != NULL));
	require(!text || (text >= args && text <= args + len));
}

static void check_texts(const struct cli *cli, const char *args, size_t len)
{
	check_text(cli, OPT_OUT | OPT_WEIGHTS | OPT_BOARD_OUT | OPT_REPORT_OUT, cli->out, args,
		len);
	check_text(cli, OPT_PROFILE, cli->profile, args, len);
	check_text(cli, OPT_PREDICTOR, cli->predictor_path, args, len);
	check_text(cli, OPT_SOURCE, cli->source, args, len);
	check_text(cli, OPT_DATA, cli->data, args, len);
	check_text(cli, OPT_SUBMISSIONS, cli->submissions, args, len);
	check_text(cli, OPT_DATASET, cli->dataset, args, len);
	check_text(cli, OPT_SUBMITTER, cli->submitter, args, len);
	check_text(cli, OPT_EXPECT, cli->expect, args, len);
	check_text(cli, OPT_SORT, cli->sort, args, len);
}

static void check(const struct cli *cli, char **argv, int argc, const char *args, size_t len)
{
	require(!(cli->options & ~cli->verb->options) && !n_errors);
	require(cli->n_paths >= 0 && (cli->n_paths > 0) == cli->verb->takes_paths);
	require(cli->paths >= argv + 1 && cli->paths + cli->n_paths == argv + argc);
	for (int i = 0; i < cli->n_paths; i++)
		require(cli->paths[i] >= args && cli->paths[i] <= args + len);
	require(given(cli, OPT_DETECT) ? cli->detect <= ALCM_DETECT_ALL
				       : cli->detect == ALCM_DETECT_TENSORS);
	check_numbers(cli);
	check_texts(cli, args, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *argv[MAX_ARGS + 2] = { NULL }, *args;
	struct cli cli = { .detect = ALCM_DETECT_TENSORS };
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
	cli.verb = &cli_verbs[size ? data[0] % cli_n_verbs : 0];
	n_errors = 0;
	opterr = 0;
	optind = 0; /* glibc: begin anew */
	if (!cli_options_parse(&cli, argc, argv, &help) && !help)
		check(&cli, argv, argc, args, len);
	require(argv[0] == args && !argv[argc]);
	free(args);
	return 0;
}
