/* SPDX-License-Identifier: MIT */
/* The common part of pack and unpack, which differ only in their direction. */
#ifndef ALCM_TOOLS_CLI_CONVERT_H
#define ALCM_TOOLS_CLI_CONVERT_H

#include "cli.h"

/* Convert the operands to blobs, or, if `profile` is NULL, to plain files. */
enum cli_exit convert(struct cli *cli, const struct alcm_profile *profile);

#endif
