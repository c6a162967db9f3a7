/* SPDX-License-Identifier: MIT */
/*
 * alcm-lab: what measures the codec, repeats the paper's experiments and trains the
 * networks that are compiled in. It has alcm's command line (tools/cli) and links the
 * static library, of which it may see every header, as tests do: what only research needs
 * is neither in the library nor in alcm.h.
 */
#ifndef ALCM_TOOLS_LAB_H
#define ALCM_TOOLS_LAB_H

#include "cli.h"

/* One run of the command. */
struct lab {
	struct cli cli; /* first: verbs and options get to the others from it */
	bool peers;
	unsigned n_rounds, n_epochs, seed, n_made;
	const char *submissions, *dataset, *submitter, *expect;
	const char *source, *data;
};

static inline struct lab *lab_of(struct cli *cli)
{
	return (struct lab *)(void *)cli;
}

enum cli_exit verb_bench(struct cli *cli);
enum cli_exit verb_paper(struct cli *cli);
enum cli_exit verb_train(struct cli *cli);
enum cli_exit verb_leaderboard(struct cli *cli);
enum cli_exit verb_learn(struct cli *cli);
enum cli_exit verb_guess(struct cli *cli);

#endif
