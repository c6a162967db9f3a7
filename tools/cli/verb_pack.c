/* SPDX-License-Identifier: MIT */
/* alcm pack: convert plain tensor files to blobs. Only the profile is parsed here;
   everything else is the same for unpack (cli_convert.c). */
#include "cli.h"
#include "cli_convert.h"

enum cli_exit verb_pack(struct cli *cli)
{
	struct alcm_diag diag = { 0 };
	struct alcm_profile profile;
	int err;

	alcm_profile_default(&profile);
	if (cli->profile) {
		err = alcm_profile_parse(cli->profile, &profile, &diag);
		if (err)
			return cli_error(cli, NULL, "--profile %s: %s", cli->profile, diag.cause);
	}
	return convert(cli, &profile);
}
