/* SPDX-License-Identifier: MIT */
/*
 * alcm-lab measures the codec, repeats the paper's experiments and trains the built-in
 * networks. It has alcm's command line (tools/cli). Like the tests, it links the static
 * library and may include every header of it, so code for research is neither in the
 * library nor in alcm.h.
 */
#ifndef ALCM_TOOLS_LAB_H
#define ALCM_TOOLS_LAB_H

#include "cli.h"

/* One run of the command. */
struct lab {
	struct cli cli; /* first, because lab_of() casts it */
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
