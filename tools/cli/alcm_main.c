/* SPDX-License-Identifier: MIT */
/*
 * Starts alcm. The command line is in cli.c, its verbs and options in alcm_rows.c.
 *
 * alcm_process_run() makes the process independent of what started it: closed standard
 * descriptors, limits of file size and stack. alcm-lab starts in the same way, with its
 * own table (tools/lab/lab.c).
 */
#include "cli.h"

static int run(int argc, char **argv)
{
	struct cli cli = { .program = &alcm_rows };

	return cli_run(&cli, argc, argv);
}

int main(int argc, char **argv)
{
	return alcm_process_run(run, argc, argv);
}
