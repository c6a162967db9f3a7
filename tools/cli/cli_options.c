/* SPDX-License-Identifier: MIT */
/*
 * Options from rows. getopt_long(3) does the parsing. A row without a letter is
 * identified by FIRST_ROW plus its index, a row with a letter by the letter or that
 * number.
 *
 *   -o OUT        getopt returns 'o': the first row with that letter that the verb takes
 *   --output OUT  getopt returns 256 + 5: options[5]
 *
 * All values go to fields of the program's state by their offset, so a verb reads
 * cli->out and knows nothing of rows. Fields of options that the verb doesn't take keep
 * their zero. For a program with more state than struct cli, that struct is its first
 * member (tools/lab/lab.h), and the offset counts from there.
 */
#include "cli_options.h"

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Above all letters. */
enum { FIRST_ROW = 256, MOST_OPTIONS = 64 };

/* Whether the row lists the verb. Names are compared whole: "du" isn't in "dump". */
static bool takes(const struct option_row *row, const struct verb *verb)
{
	size_t len = strlen(verb->name);

	for (const char *at = row->verbs; *at; at += strspn(at, " ")) {
		size_t n = strcspn(at, " ");

		if (n == len && !strncmp(at, verb->name, n))
			return true;
		at += n;
	}
	return false;
}

/* The arguments of getopt_long(3) for one verb. */
struct getopt_tables {
	char letters[3 * MOST_OPTIONS + 2];
	struct option longs[MOST_OPTIONS + 2];
};

/* Only options of this verb are given to getopt, so it refuses all others in its own
   words. */
static void make_tables(const struct cli *cli, struct getopt_tables *t)
{
	size_t n_letters = 0, n_longs = 0;

	assert(cli->program->n_options <= MOST_OPTIONS);
	memset(t, 0, sizeof(*t));
	t->letters[n_letters++] = 'h';
	t->longs[n_longs++] = (struct option){ "help", no_argument, NULL, 'h' };
	for (size_t i = 0; i < cli->program->n_options; i++) {
		const struct option_row *row = &cli->program->options[i];

		if (!takes(row, cli->verb))
			continue;
		if (row->letter) {
			t->letters[n_letters++] = row->letter;
			if (row->arg)
				t->letters[n_letters++] = ':';
		}
		t->longs[n_longs++] = (struct option){ row->name,
			row->arg ? required_argument : no_argument, NULL, FIRST_ROW + (int)i };
	}
}

/* "npy, tensors, all" */
static void list_words(const struct option_row *row, char *out, size_t capacity)
{
	size_t n = 0;

	out[0] = '\0';
	for (size_t i = 0; row->words[i] && n < capacity; i++)
		n += (size_t)snprintf(out + n, capacity - n, "%s%s", i ? ", " : "",
			row->words[i]);
}

static enum cli_exit take_word(struct cli *cli, const struct option_row *row,
	const char *text, const char **target)
{
	char words[256];

	for (size_t i = 0; row->words[i]; i++) {
		if (strcmp(text, row->words[i]) == 0) {
			*target = text;
			return CLI_OK;
		}
	}
	list_words(row, words, sizeof(words));
	return cli_error(cli, NULL, "--%s %s: not one of %s", row->name, text, words);
}

/* strtoul() accepts signs and blanks in front, hence the look at the first character. */
static enum cli_exit take_number(struct cli *cli, const struct option_row *row,
	const char *text, unsigned *target)
{
	unsigned long n;
	char *end;

	errno = 0;
	n = strtoul(text, &end, 10);
	if (errno || text[0] < '0' || text[0] > '9' || *end || n < row->least ||
		n > row->most)
		return cli_error(cli, NULL, "--%s %s: not a number from %u to %u", row->name,
			text, row->least, row->most);
	*target = (unsigned)n;
	return CLI_OK;
}

static enum cli_exit take_option(struct cli *cli, const struct option_row *row,
	const char *value)
{
	void *target = (char *)cli + row->target;

	switch (row->kind) {
	case OPTION_FLAG:
		*(bool *)target = true;
		return CLI_OK;
	case OPTION_TEXT:
		*(const char **)target = value;
		return CLI_OK;
	case OPTION_WORD:
		return take_word(cli, row, value, target);
	case OPTION_NUMBER:
		return take_number(cli, row, value, target);
	}
	return CLI_FAILED;
}

/* Flags are false and texts NULL already. */
static void set_defaults(struct cli *cli)
{
	for (size_t i = 0; i < cli->program->n_options; i++) {
		const struct option_row *row = &cli->program->options[i];
		void *target = (char *)cli + row->target;

		if (!takes(row, cli->verb))
			continue;
		if (row->kind == OPTION_WORD)
			*(const char **)target = row->default_word;
		if (row->kind == OPTION_NUMBER)
			*(unsigned *)target = row->default_number;
	}
}

/* The row for getopt_long's result `c`. The same letter may belong to several rows, for
   different verbs. One of them always matches. getopt knows only letters of this verb, so
   the loop ends. */
static const struct option_row *row_of(const struct cli *cli, int c)
{
	const struct option_row *row = cli->program->options;

	if (c >= FIRST_ROW)
		return row + (c - FIRST_ROW);
	while (row->letter != c || !takes(row, cli->verb))
		row++;
	return row;
}

/* GNU getopt moves the operands behind the options, whatever their order was. */
static enum cli_exit take_options(struct cli *cli, int argc, char **argv, bool *help)
{
	struct getopt_tables t;
	int c;

	make_tables(cli, &t);
	while ((c = getopt_long(argc, argv, t.letters, t.longs, NULL)) != -1) {
		if (c == '?')
			return CLI_FAILED;
		if (c == 'h') {
			*help = true;
			return CLI_OK;
		}
		if (take_option(cli, row_of(cli, c), optarg))
			return CLI_FAILED;
	}
	return CLI_OK;
}

/* Operands are checked here, so verbs may rely on cli->paths[0]. */
enum cli_exit cli_options_parse(struct cli *cli, int argc, char **argv, bool *help)
{
	char title[32], *name = argv[0];
	enum cli_exit status;

	snprintf(title, sizeof(title), "%s %s", cli->program->name, cli->verb->name);
	set_defaults(cli);
	argv[0] = title; /* getopt's messages begin with it */
	status = take_options(cli, argc, argv, help);
	argv[0] = name;
	if (status || *help)
		return status;
	cli->paths = argv + optind;
	cli->n_paths = argc - optind;
	if (cli->verb->takes_paths && !cli->verb->paths_optional && cli->n_paths == 0)
		return cli_error(cli, NULL, "missing operand: %s", cli->verb->operands);
	if (!cli->verb->takes_paths && cli->n_paths > 0)
		return cli_error(cli, cli->paths[0], "takes no operands");
	return CLI_OK;
}

/* The allowed values and the default, in addition to the row's help text. */
static void print_range(const struct option_row *row)
{
	char words[256];

	if (row->kind == OPTION_WORD) {
		list_words(row, words, sizeof(words));
		printf(": %s", words);
		if (row->default_word)
			printf(" (default: %s)", row->default_word);
	}
	if (row->kind != OPTION_NUMBER)
		return;
	printf(" (%u to %u", row->least, row->most);
	if (row->default_number >= row->least && row->default_number <= row->most)
		printf("; default: %u", row->default_number);
	putchar(')');
}

void cli_options_help(const struct cli *cli)
{
	bool any = false;

	for (size_t i = 0; i < cli->program->n_options; i++)
		any |= takes(&cli->program->options[i], cli->verb);
	printf("usage: %s %s %s%s\n%s\n\n", cli->program->name, cli->verb->name,
		any ? "[OPTION…] " : "", cli->verb->operands, cli->verb->summary);
	for (size_t i = 0; i < cli->program->n_options; i++) {
		const struct option_row *row = &cli->program->options[i];
		char left[32], letter[8] = "    ";

		if (!takes(row, cli->verb))
			continue;
		if (row->letter)
			snprintf(letter, sizeof(letter), "-%c, ", row->letter);
		snprintf(left, sizeof(left), "%s--%s%s%s", letter, row->name, row->arg ? " " : "",
			row->arg ? row->arg : "");
		printf("  %-22s %s", left, row->help);
		print_range(row);
		putchar('\n');
	}
	printf("  %-22s %s\n", "-h, --help", "print this");
}

/* For completion; bash matches the beginnings of these words. */
void cli_options_list(const struct cli_program *program, const struct verb *verb)
{
	for (size_t i = 0; i < program->n_options; i++) {
		if (takes(&program->options[i], verb))
			printf("--%s ", program->options[i].name);
	}
	fputs("--help", stdout);
}
