/* SPDX-License-Identifier: MIT */
/* JSON on standard output. Verbs build a tree rather than print, so that names are
   escaped in one place and a document is either printed whole or not at all. Without
   memory for the text nothing is printed, and the verb fails. */
#include "cli_json.h"

#include <stdio.h>

#include "base/json.h"

enum cli_exit cli_print_json(struct cli *cli, cJSON *root)
{
	char *text = json_print(root);

	if (!text)
		return cli_error(cli, NULL, "out of memory");
	puts(text);
	cJSON_free(text);
	return CLI_OK;
}
