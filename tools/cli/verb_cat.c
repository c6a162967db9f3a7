/* SPDX-License-Identifier: MIT */
/* alcm cat: the logical bytes of files. Plain files are copied, so scripts need no check
   first. Holes are written as zeros, as a pipe has none. After a damaged chunk the rest
   isn't written: a shifted tail would be worse than none. The exit code says so. */
#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"
#include "cli.h"
#include "cli_source.h"

/* Pieces come in order and without gaps (skip_holes is false), so the offset isn't
   needed. */
static int to_stdout(void *ctx, const void *buf, size_t n, uint64_t off)
{
	(void)ctx;
	(void)off;
	return fd_write(STDOUT_FILENO, buf, n);
}

enum cli_exit verb_cat(struct cli *cli)
{
	enum cli_exit worst = CLI_OK;
	struct alcm *alcm;

	if (cli_engine(cli, true, &alcm))
		return CLI_FAILED;
	for (int i = 0; i < cli->n_paths; i++) {
		struct source source;
		enum cli_exit status;

		status = source_open(cli, alcm, cli_open_file(AT_FDCWD, cli->paths[i], O_RDONLY),
			cli->paths[i], &source);
		if (!status) {
			status = source_copy(cli, &source, false, "standard output", to_stdout, NULL);
			source_close(&source);
		}
		worst = cli_worse(worst, status);
	}
	alcm_free(alcm);
	return worst;
}
