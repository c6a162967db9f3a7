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
	{ OPT_FORCE, 0, "force", NULL,
		"replace an output that exists; pack: take what is no tensor, too" },
	{ OPT_DETECT, 0, "detect", "WHICH", "take npy, tensors (if not given) or all, as a mount" },
	{ OPT_REPAIR, 0, "repair", NULL, "mend what can be mended" },
	{ OPT_WAIT, 0, "wait", NULL, "wait until the store isn't mounted any more" },
	{ OPT_PROFILE, 0, "profile", "NAME", "lossless, paper, alcm, bounded:E or bounded-abs:E" },
	{ OPT_PREDICTOR, 0, "predictor", "FILE", "weights by alcm train, not the built-in ones" },
	{ OPT_WEIGHTS, 'o', "output", "FILE", "write the weights to FILE, an .npz" },
	{ OPT_SOURCE, 0, "c", "FILE", "write them to FILE as the C source of the built-in ones" },
	{ OPT_DATA, 0, "data", "DIR", "learn from the tensor files below DIR" },
	{ OPT_EPOCHS, 0, "epochs", "N", "passes over all samples; 10 if not given" },
	{ OPT_SEED, 0, "seed", "N", "of the random weights at the beginning; 42 if not given" },
	{ OPT_PEERS, 0, "peers", NULL, "measure zlib, zstd, lz4 and blosc in the same run" },
	{ OPT_ROUNDS, 0, "rounds", "N", "repetitions, of which the median counts; 5 if not given" },
	{ OPT_SUBMISSIONS, 0, "submissions", "DIR", "write one for the leaderboard per codec" },
	{ OPT_DATASET, 0, "dataset", "NAME", "what they say the files are" },
	{ OPT_SUBMITTER, 0, "submitter", "NAME", "who they say they are from" },
	{ OPT_EXPECT, 0, "expect", "FILE", "ratios must be within 1.5 % of that submission's" },
	{ OPT_BOARD_OUT, 'o', "output", "FILE", "write the Markdown there" },
	{ OPT_INTERVAL, 'i', "interval", "S", "seconds between two looks; 1 if not given" },
	{ OPT_LOOKS, 'n', "count", "N", "end after N looks" },
	{ OPT_SORT, 0, "sort", "KEY",
		"name, files, logical, stored, ratio, saved, cpu, speed or caq" },
	{ OPT_DEPTH, 0, "depth", "N", "directories down to N levels" },
	{ OPT_TOP, 0, "top", "N", "the first N lines only, of the most saved if not sorted" },
	{ OPT_CSV, 0, "csv", NULL, "print a table for spreadsheets" },
	{ OPT_REPORT_OUT, 'o', "output", "FILE", "write to FILE" },
	{ OPT_BENCH_THREADS, 'j', "threads", "N", "threads that share the chunks; 1 if not given" },
	{ OPT_THREADS, 'j', "threads", "N",
		"worker threads; one for each usable CPU if not given" },
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

static enum cli_exit parse_number(struct cli *cli, const char *option, const char *text,
	unsigned long least, unsigned long most, unsigned *out)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(text, &end, 10);
	if (errno || text[0] < '0' || text[0] > '9' || *end || n < least || n > most)
		return cli_error(cli, NULL, "--%s %s: not a number from %lu to %lu", option, text,
			least, most);
	*out = (unsigned)n;
	return CLI_OK;
}

static enum cli_exit check_sort(struct cli *cli, const char *key)
{
	static const char *const keys[] = { "name", "files", "logical", "stored", "ratio",
		"saved", "cpu", "speed", "caq" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (strcmp(key, keys[i]) == 0)
			return CLI_OK;
	}
	return cli_error(cli, NULL,
		"--sort %s: not one of name, files, logical, stored, ratio, saved, "
		"cpu, speed, caq",
		key);
}

/* Where the text of an option goes; NULL: it takes none. */
static const char **text_of(struct cli *cli, unsigned id)
{
	switch (id) {
	case OPT_OUT:
	case OPT_WEIGHTS:
	case OPT_BOARD_OUT:
	case OPT_REPORT_OUT:
		return &cli->out;
	case OPT_PROFILE:
		return &cli->profile;
	case OPT_PREDICTOR:
		return &cli->predictor_path;
	case OPT_SOURCE:
		return &cli->source;
	case OPT_DATA:
		return &cli->data;
	case OPT_SUBMISSIONS:
		return &cli->submissions;
	case OPT_DATASET:
		return &cli->dataset;
	case OPT_SUBMITTER:
		return &cli->submitter;
	case OPT_EXPECT:
		return &cli->expect;
	case OPT_SORT:
		return &cli->sort;
	default:
		return NULL;
	}
}

static enum cli_exit take_option(struct cli *cli, size_t row, const char *value)
{
	const char *name = table[row].name, **text = text_of(cli, table[row].id);

	cli->options |= table[row].id;
	if (text)
		*text = value;
	switch (table[row].id) {
	case OPT_DETECT:
		if (alcm_detect_parse(value, &cli->detect))
			return CLI_OK;
		return cli_error(cli, NULL, "--detect %s: not one of npy, tensors, all", value);
	case OPT_SORT:
		return check_sort(cli, value);
	case OPT_DEPTH:
		return parse_number(cli, name, value, 0, 1000, &cli->depth);
	case OPT_TOP:
		return parse_number(cli, name, value, 1, 1000000000, &cli->top);
	case OPT_ROUNDS:
		return parse_number(cli, name, value, 1, 99, &cli->n_rounds);
	case OPT_BENCH_THREADS:
		return parse_number(cli, name, value, 1, 256, &cli->threads);
	case OPT_THREADS:
		return parse_number(cli, name, value, 1, 1024, &cli->threads);
	case OPT_INTERVAL:
		return parse_number(cli, name, value, 1, 3600, &cli->interval);
	case OPT_LOOKS:
		return parse_number(cli, name, value, 1, 1000000, &cli->n_looks);
	case OPT_EPOCHS:
		return parse_number(cli, name, value, 1, 1000000, &cli->n_epochs);
	case OPT_SEED:
		return parse_number(cli, name, value, 0, UINT32_MAX, &cli->seed);
	default:
		return CLI_OK;
	}
}

/* The row that getopt_long's result `c` stands for: a letter may mean one thing to each verb. */
static size_t row_of(const struct verb *verb, int c)
{
	size_t row = 0;

	if (c >= 256)
		return (size_t)(c - 256);
	while (row + 1 < N_OPTIONS && (table[row].letter != c || !(verb->options & table[row].id)))
		row++;
	return row;
}

/* The options, in any order with the operands, which end up behind them. */
static enum cli_exit take_options(struct cli *cli, int argc, char **argv, bool *help)
{
	struct getopt_tables t;
	int c;

	make_tables(cli->verb, &t);
	while ((c = getopt_long(argc, argv, t.letters, t.longs, NULL)) != -1) {
		if (c == '?')
			return CLI_FAILED;
		if (c == 'h') {
			*help = true;
			return CLI_OK;
		}
		if (take_option(cli, row_of(cli->verb, c), optarg))
			return CLI_FAILED;
	}
	return CLI_OK;
}

enum cli_exit cli_options_parse(struct cli *cli, int argc, char **argv, bool *help)
{
	char title[32], *name = argv[0];
	enum cli_exit status;

	snprintf(title, sizeof(title), "alcm %s", cli->verb->name);
	argv[0] = title; /* getopt's messages begin with it */
	status = take_options(cli, argc, argv, help);
	argv[0] = name;
	if (status || *help)
		return status;
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
