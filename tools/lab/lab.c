/* SPDX-License-Identifier: MIT */
/*
 * The verbs and options of alcm-lab, one row each. The command line is tools/cli/cli.c.
 *
 * alcm-lab is for those who work on the codec or repeat the paper's figures. Rows are
 * read as those of alcm (tools/cli/alcm_rows.c says what they mean); targets are fields
 * of struct lab, whose first member is struct cli.
 */
#include "lab.h"

#include "cli_options.h"

static const struct verb verbs[] = {
	{ "bench", "FILE|DIR…",
		"measure the codec's ratio and speed on files, and other codecs'", verb_bench,
		.takes_paths = true },
	{ "paper", "", "run the ALCM paper's benchmark", verb_paper },
	{ "leaderboard", "add BOARD.json FILE…|validate FILE…|render BOARD.json",
		"rank submissions of figures by CAQ, checking each", verb_leaderboard,
		.takes_paths = true },
	{ "train", "", "train the predictor of how far tensors can be compressed",
		verb_train },
	{ "learn", "infer|record|choose FILE",
		"train the codec's networks; print their sources", verb_learn,
		.takes_paths = true },
	{ "guess", "FILE…",
		"say how well types of elements are guessed, and what wrong guesses cost",
		verb_guess, .takes_paths = true, .paths_optional = true },
	{ "completion", "", "print a completion script for bash", verb_completion },
};

static const struct option_row options[] = {
	{ "bench paper", 0, "json", NULL, "print JSON", FLAG(lab, cli.json) },
	{ "bench", 0, "peers", NULL, "measure zlib, zstd, lz4 and blosc in the same run",
		FLAG(lab, peers) },
	{ "bench", 0, "rounds", "N", "repetitions, of which the median counts",
		NUMBER(lab, n_rounds, 1, 99, 5) },
	{ "bench", 'j', "threads", "N", "threads that share the chunks",
		NUMBER(lab, cli.threads, 1, 256, 1) },
	{ "bench", 0, "submissions", "DIR", "write one for the leaderboard per codec",
		TEXT(lab, submissions) },
	{ "bench", 0, "dataset", "NAME", "what they say the files are", TEXT(lab, dataset) },
	{ "bench", 0, "submitter", "NAME", "who they say they are from",
		TEXT(lab, submitter) },
	{ "leaderboard", 0, "expect", "FILE",
		"ratios must be within 1.5 % of that submission's", TEXT(lab, expect) },
	{ "leaderboard", 'o', "output", "FILE", "write the Markdown there",
		TEXT(lab, cli.out) },
	{ "train", 'o', "output", "FILE", "write the weights to FILE", TEXT(lab, cli.out) },
	{ "train", 0, "c", "FILE", "write them to FILE as the C source of the built-in ones",
		TEXT(lab, source) },
	{ "train leaderboard", 0, "force", NULL, "replace an output that exists",
		FLAG(lab, cli.force) },
	{ "train", 0, "data", "DIR", "learn from the tensor files below DIR",
		TEXT(lab, data) },
	{ "train", 0, "epochs", "N", "passes over all samples",
		NUMBER(lab, n_epochs, 1, 1000000, 10) },
	{ "train", 0, "seed", "N", "of the random weights at the beginning",
		NUMBER(lab, seed, 0, UINT32_MAX, 42) },
	{ "guess", 0, "made", "N", "try N made-up pieces of each kind, too",
		NUMBER(lab, n_made, 0, 1000000, 0) },
};

static const struct cli_program program = {
	.name = "alcm-lab",
	.verbs = verbs,
	.n_verbs = sizeof(verbs) / sizeof(verbs[0]),
	.options = options,
	.n_options = sizeof(options) / sizeof(options[0]),
};

static int run(int argc, char **argv)
{
	struct lab lab = { .cli = { .program = &program } };

	return cli_run(&lab.cli, argc, argv);
}

int main(int argc, char **argv)
{
	return alcm_process_run(run, argc, argv);
}
