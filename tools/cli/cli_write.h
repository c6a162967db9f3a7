/* SPDX-License-Identifier: MIT */
/* Output files that appear complete or not at all. */
#ifndef ALCM_TOOLS_CLI_WRITE_H
#define ALCM_TOOLS_CLI_WRITE_H

#include "cli.h"

/* Let `put` (0 or a negative errno) write a new file, which then replaces `path`.
   Failures are reported, and leave `path` unchanged. */
enum cli_exit cli_write_file(struct cli *cli, const char *path,
	int (*put)(void *ctx, int fd), void *ctx);

/* The same for an output named by the user: an existing file, also a symbolic link, is
   only replaced with --force. Check with cli_may_write() before the work begins. */
enum cli_exit cli_write_output(struct cli *cli, const char *path,
	int (*put)(void *ctx, int fd), void *ctx);

enum cli_exit cli_write_output_text(struct cli *cli, const char *path, const char *text);

/* CLI_FAILED: the file exists, and that was reported. `path` may be NULL. */
enum cli_exit cli_may_write(struct cli *cli, const char *path);

/* cli_write_file() with a text. */
enum cli_exit cli_write_text(struct cli *cli, const char *path, const char *text);

#endif
