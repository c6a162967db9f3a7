/* SPDX-License-Identifier: MIT */
/* Files that appear whole or not at all. */
#ifndef ALCM_TOOLS_CLI_WRITE_H
#define ALCM_TOOLS_CLI_WRITE_H

#include "cli.h"

/*
 * Have `put` (0 or a negative errno) write a new file that then takes the place of
 * `path`. What fails is reported, and `path` is as it was.
 */
enum cli_exit cli_write_file(struct cli *cli, const char *path,
	int (*put)(void *ctx, int fd), void *ctx);

/*
 * The same for a file that the user named: one that exists, a symbolic link too, is
 * replaced by --force only. To be asked with cli_may_write() before the work begins.
 */
enum cli_exit cli_write_output(struct cli *cli, const char *path,
	int (*put)(void *ctx, int fd), void *ctx);

enum cli_exit cli_write_output_text(struct cli *cli, const char *path, const char *text);

/* NULL: no file. CLI_FAILED: it exists, which was said. */
enum cli_exit cli_may_write(struct cli *cli, const char *path);

/* The first one with a text. */
enum cli_exit cli_write_text(struct cli *cli, const char *path, const char *text);

#endif
