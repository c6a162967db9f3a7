/* SPDX-License-Identifier: MIT */
/* alcm unpack: convert blobs to plain files. */
#include "cli.h"
#include "cli_convert.h"

enum cli_exit verb_unpack(struct cli *cli)
{
	return convert(cli, NULL);
}
