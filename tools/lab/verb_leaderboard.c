/* SPDX-License-Identifier: MIT */
/*
 * alcm-lab leaderboard: add submissions to a board, validate them, print a board.
 *
 *   add BOARD.json FILE…     refuses invalid and repeated ones, and goes on; writes
 *                            BOARD.json and BOARD.md if any was added
 *   validate FILE…           checks, and writes nothing
 *   validate --expect E …    also compares dataset, codec and ratio with those of E
 *   render BOARD.json        prints the Markdown of the board
 *
 * --expect is for reproducing the paper's figures: the ratio depends on data and codec
 * only, so it must come out the same anywhere, within what other versions of zlib and
 * zstd change. CPU seconds depend on the machine; they are shown and not judged.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli_write.h"
#include "lab.h"
#include "leaderboard.h"

/* Allowed difference between a run and its bundle's example (the paper, "protocol"). */
#define EXPECT_PERCENT 1.5

/* Read and validate a submission; NULL: it is invalid, which was reported. */
static cJSON *read_submission(struct cli *cli, const char *path)
{
	cJSON *s = leaderboard_read_json(cli, path);
	struct submission_fault fault;

	if (!s || submission_valid(s, &fault))
		return s;
	cli_error(cli, path, "refused: %s", fault.why);
	cJSON_Delete(s);
	return NULL;
}

/* The JSON comes first: from it the Markdown can be made again. */
static enum cli_exit write_board(struct cli *cli, const char *path,
	struct leaderboard *board)
{
	size_t len = strlen(path) - strlen(".json");
	char *json, *markdown, *markdown_path = NULL;
	enum cli_exit status = CLI_OK;

	leaderboard_rank(board);
	json = leaderboard_json(board);
	markdown = leaderboard_markdown(board);
	if (!json || !markdown || asprintf(&markdown_path, "%.*s.md", (int)len, path) < 0)
		status = cli_error(cli, path, "out of memory");
	if (!status)
		status = cli_write_text(cli, path, json);
	if (!status)
		status = cli_write_text(cli, markdown_path, markdown);
	cJSON_free(json);
	free(markdown);
	free(markdown_path);
	return status;
}

static enum cli_exit add(struct cli *cli, char **paths, int n)
{
	struct leaderboard board = { 0 };
	enum cli_exit status;
	size_t len = strlen(paths[0]);
	bool added = false;

	if (n < 2)
		return cli_error(cli, NULL, "add: no submission given after the board");
	if (len <= 5 || strcmp(paths[0] + len - 5, ".json") != 0)
		return cli_error(cli, paths[0], "a board's name ends in .json");
	status = leaderboard_read(cli, paths[0], true, &board);
	if (status) {
		leaderboard_free(&board);
		return status;
	}
	for (int i = 1; i < n; i++) {
		cJSON *s = read_submission(cli, paths[i]);

		int err = s ? leaderboard_add(&board, s) : -EINVAL;

		if (!err) {
			printf("%s: added\n", paths[i]);
			added = true;
			continue;
		}
		if (s)
			cli_error(cli, paths[i], "refused: %s",
				err == -ENOMEM ? "out of memory"
							   : "the board has this submitter, dataset, codec, "
								 "version and date");
		status = CLI_FAILED;
		cJSON_Delete(s);
	}
	if (added)
		status = cli_worse(status, write_board(cli, paths[0], &board));
	leaderboard_free(&board);
	return status;
}

/* With --expect: dataset and codec must be equal, and the ratios close. */
static enum cli_exit compare(struct cli *cli, const char *path, const cJSON *s,
	const cJSON *example)
{
	static const char *const same[] = { "dataset", "codec" };
	double off;

	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		if (strcmp(submission_text(s, same[i]), submission_text(example, same[i])) != 0)
			return cli_error(cli, path, "%s: %s, not %s as in %s", same[i],
				submission_text(s, same[i]), submission_text(example, same[i]),
				lab_of(cli)->expect);
	}
	off = 100 *
		(submission_number(s, "compression_ratio") /
				submission_number(example, "compression_ratio") -
			1);
	if (fabs(off) > EXPECT_PERCENT)
		return cli_error(cli, path,
			"its ratio is %+.2f %% from that of %s; ±%.1f %% is allowed", off,
			lab_of(cli)->expect, EXPECT_PERCENT);
	printf("%s: ratio %.4f, %+.2f %% from the example's; CPU %.4f s (the example: %.4f "
		   "s)\n",
		path, submission_number(s, "compression_ratio"), off,
		submission_number(s, "cpu_seconds"), submission_number(example, "cpu_seconds"));
	return CLI_OK;
}

static enum cli_exit validate(struct cli *cli, char **paths, int n)
{
	cJSON *example = lab_of(cli)->expect ? read_submission(cli, lab_of(cli)->expect)
										 : NULL;
	enum cli_exit status = lab_of(cli)->expect && !example ? CLI_FAILED : CLI_OK;

	for (int i = 0; i < n; i++) {
		cJSON *s = read_submission(cli, paths[i]);

		if (!s)
			status = CLI_FAILED;
		else if (example)
			status = cli_worse(status, compare(cli, paths[i], s, example));
		else
			printf("%s: valid\n", paths[i]);
		cJSON_Delete(s);
	}
	cJSON_Delete(example);
	return status;
}

static enum cli_exit render(struct cli *cli, char **paths, int n)
{
	struct leaderboard board = { 0 };
	enum cli_exit status;
	char *text;

	if (n != 1)
		return cli_error(cli, NULL, "render: only one board at a time");
	status = leaderboard_read(cli, paths[0], false, &board);
	if (!status) {
		leaderboard_rank(&board);
		text = leaderboard_markdown(&board);
		if (!text)
			status = cli_error(cli, paths[0], "out of memory");
		else if (cli->out)
			status = cli_write_output_text(cli, cli->out, text);
		else
			fputs(text, stdout);
		free(text);
	}
	leaderboard_free(&board);
	return status;
}

enum cli_exit verb_leaderboard(struct cli *cli)
{
	static const struct {
		const char *name;
		enum cli_exit (*run)(struct cli *cli, char **paths, int n);
	} actions[] = { { "add", add }, { "validate", validate }, { "render", render } };

	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		if (strcmp(cli->paths[0], actions[i].name) != 0)
			continue;
		if (cli->n_paths < 2)
			return cli_error(cli, NULL, "%s: no file given", actions[i].name);
		return actions[i].run(cli, cli->paths + 1, cli->n_paths - 1);
	}
	return cli_error(cli, cli->paths[0], "not one of add, validate, render");
}
