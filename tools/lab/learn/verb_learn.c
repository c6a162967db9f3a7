/* SPDX-License-Identifier: MIT */
/*
 * alcm-lab learn: train the built-in networks. The printed sources are in the tree:
 *
 *     alcm-lab learn infer > core/predict/infer_weights.c
 *     alcm-lab learn record > tools/lab/learn/choices.csv
 *     alcm-lab learn choose tools/lab/learn/choices.csv > core/codec/choose_weights.c
 *
 * Data, seeds and arithmetic are fixed, so the first and the third command print the same
 * bytes on every machine, and the sources in the tree can be checked against them. Only
 * `record` depends on the versions of zlib and zstd. So its output is kept, and is made
 * again only when codecs or inputs of the network change.
 */
#include <errno.h>
#include <string.h>

#include "lab.h"
#include "learn.h"

static enum cli_exit choose(struct cli *cli, const char *path)
{
	FILE *from = fopen(path, "r");
	int err;

	if (!from)
		return cli_error(cli, path, "%s", strerror(errno));
	err = learn_choose(from, stdout);
	fclose(from);
	return err ? cli_error(cli, path, "no rows in the form of learn record") : CLI_OK;
}

enum cli_exit verb_learn(struct cli *cli)
{
	const char *what = cli->paths[0];
	int err;

	if (cli->n_paths == 2 && !strcmp(what, "choose"))
		return choose(cli, cli->paths[1]);
	if (cli->n_paths == 1 && !strcmp(what, "infer"))
		err = learn_infer(stdout);
	else if (cli->n_paths == 1 && !strcmp(what, "record"))
		err = learn_record(stdout);
	else
		return cli_error(cli, what, "not one of infer, record, choose FILE");
	return err ? cli_error(cli, what, "out of memory") : CLI_OK;
}
