/* SPDX-License-Identifier: MIT */
/* alcm unpack: convert blobs to plain files. No profile tells cli_convert.c that. A lossy
   blob gives the values that it has: the original ones are gone. */
#include "cli.h"
#include "cli_convert.h"

enum cli_exit verb_unpack(struct cli *cli)
{
	return convert(cli, NULL);
}
