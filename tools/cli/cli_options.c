/* SPDX-License-Identifier: MIT */
/* The options of all verbs, one row each. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

static const struct {
	enum cli_option id;
	char letter; /* 0: only the long form */
	const char *name, *arg, *help;
} table[] = {
	{ OPT_JSON, 0, "json", NULL, "print JSON" },
	{ OPT_BYTES, 0, "bytes", NULL, "print exact numbers of bytes" },
	{ OPT_RECURSIVE, 'r', "recursive", NULL, "operands are directories: take all files below" },
	{ OPT_OUT, 'o', "output", "OUT", "leave the operand alone and write a copy to OUT" },
	{ OPT_FORCE, 0, "force", NULL, "take files that are no tensors; replace OUT if it exists" },
	{ OPT_REPAIR, 0, "repair", NULL, "mend what can be mended" },
	{ OPT_PROFILE, 0, "profile", "NAME", "lossless, paper, bounded:E or bounded-abs:E" },
	{ OPT_THREADS, 'j', "threads", "N", "worker threads; one per core if not given" },
};
#define N_OPTIONS (sizeof(table) / sizeof(table[0]))

/* getopt_long(3)'s tables for one verb. */
struct getopt_tables {
	char letters[3 * N_OPTIONS + 2];
	struct option longs[N_OPTIONS + 2];
};

static void make_tables(const struct verb *verb, struct getopt_tables *t)
{
	size_t n_letters = 0, n_longs = 0;

	memset(t, 0, sizeof(*t));
	t->letters[n_letters++] = 'h';
	t->longs[n_longs++] = (struct option){ "help", no_argument, NULL, 'h' };
	for (size_t i = 0; i < N_OPTIONS; i++) {
		if (!(verb->options & table[i].id))
			continue;
		if (table[i].letter) {
			t->letters[n_letters++] = table[i].letter;
			if (table[i].arg)
				t->letters[n_letters++] = ':';
		}
		t->longs[n_longs++] = (struct option){ table[i].name,
			table[i].arg ? required_argument : no_argument, NULL, 256 + (int)i };
	}
}

static enum cli_exit parse_threads(struct cli *cli, const char *text)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(text, &end, 10);
	if (errno || end == text || *end || n < 1 || n > 1024)
		return cli_error(cli, NULL, "--threads %s: not a number from 1 to 1024", text);
	cli->threads = (unsigned)n;
	return CLI_OK;
}

static enum cli_exit take_option(struct cli *cli, size_t row, const char *value)
{
	cli->options |= table[row].id;
	if (table[row].id == OPT_OUT)
		cli->out = value;
	if (table[row].id == OPT_PROFILE)
		cli->profile = value;
	if (table[row].id == OPT_THREADS)
		return parse_threads(cli, value);
	return CLI_OK;
}

/* The row that getopt_long's result `c` stands for. */
static size_t row_of(int c)
{
	size_t row = 0;

	if (c >= 256)
		return (size_t)(c - 256);
	while (row + 1 < N_OPTIONS && table[row].letter != c)
		row++;
	return row;
}

enum cli_exit cli_options_parse(struct cli *cli, int argc, char **argv, bool *help)
{
	struct getopt_tables t;
	char title[32];
	int c;

	make_tables(cli->verb, &t);
	snprintf(title, sizeof(title), "alcm %s", cli->verb->name);
	argv[0] = title; /* getopt's messages begin with it */
	while ((c = getopt_long(argc, argv, t.letters, t.longs, NULL)) != -1) {
		if (c == '?')
			return CLI_FAILED;
		if (c == 'h') {
			*help = true;
			return CLI_OK;
		}
		if (take_option(cli, row_of(c), optarg))
			return CLI_FAILED;
	}
	cli->paths = argv + optind;
	cli->n_paths = argc - optind;
	if (cli->verb->takes_paths && cli->n_paths == 0)
		return cli_error(cli, NULL, "missing operand: %s", cli->verb->operands);
	if (!cli->verb->takes_paths && cli->n_paths > 0)
		return cli_error(cli, cli->paths[0], "takes no operands");
	return CLI_OK;
}

void cli_options_help(const struct verb *verb)
{
	printf("usage: alcm %s %s%s\n%s\n\n", verb->name, verb->options ? "[OPTION…] " : "",
		verb->operands, verb->summary);
	for (size_t i = 0; i < N_OPTIONS; i++) {
		char left[32], letter[8] = "    ";

		if (!(verb->options & table[i].id))
			continue;
		if (table[i].letter)
			snprintf(letter, sizeof(letter), "-%c, ", table[i].letter);
		snprintf(left, sizeof(left), "%s--%s%s%s", letter, table[i].name,
			table[i].arg ? " " : "", table[i].arg ? table[i].arg : "");
		printf("  %-22s %s\n", left, table[i].help);
	}
	printf("  %-22s %s\n", "-h, --help", "print this");
}

void cli_options_list(const struct verb *verb)
{
	for (size_t i = 0; i < N_OPTIONS; i++) {
		if (verb->options & table[i].id)
			printf("--%s ", table[i].name);
	}
	fputs("--help", stdout);
}
