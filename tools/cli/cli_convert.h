/* SPDX-License-Identifier: MIT */
/* What pack and unpack share: they differ in the direction only. */
#ifndef ALCM_TOOLS_CLI_CONVERT_H
#define ALCM_TOOLS_CLI_CONVERT_H

#include "cli.h"

/* Turn the operands into blobs, or, without `profile`, into plain files. */
enum cli_exit convert(struct cli *cli, const struct alcm_profile *profile);

#endif
