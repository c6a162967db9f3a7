/* SPDX-License-Identifier: MIT */
/* alcm bench paper: the paper's tables, its own figures beside ours. */
#ifndef ALCM_TOOLS_BENCH_PAPER_H
#define ALCM_TOOLS_BENCH_PAPER_H

#include "cli.h"

/* Run the paper's ten epochs and print the tables, or JSON with OPT_JSON. */
enum cli_exit bench_paper(struct cli *cli);

#endif
