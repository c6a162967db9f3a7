/* SPDX-License-Identifier: MIT */
#ifndef ALCM_TOOLS_CLI_JSON_H
#define ALCM_TOOLS_CLI_JSON_H

#include <cjson/cJSON.h>

#include "cli.h"

/* Print `root` to standard output and free it. */
enum cli_exit cli_print_json(struct cli *cli, cJSON *root);

#endif
