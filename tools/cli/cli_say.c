/* SPDX-License-Identifier: MIT */
/*
 * Error messages of a verb. A cause from the library is preferred to the text of an
 * errno.
 *
 *   alcm check: run/w.npy: chunk 3: wrong checksum (at byte 4711 of the blob)
 *   └ verb      └ operand  └ cause                  └ only for damage
 *
 * Messages go to stderr as they occur, and results to stdout, so both can be redirected
 * apart. Every message returns the exit code that it stands for, so a caller can write
 * `return cli_error(…)`.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"

/* The progress line must not mix with the message. */
static void vcomplain(struct cli *cli, const char *path, const char *fmt, va_list ap)
{
	progress_pause(&cli->progress);
	fprintf(stderr, "%s %s: ", cli->program->name, cli->verb->name);
	if (path)
		fprintf(stderr, "%s: ", path);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	progress_resume(&cli->progress);
}

enum cli_exit cli_error(struct cli *cli, const char *path, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vcomplain(cli, path, fmt, ap);
	va_end(ap);
	return CLI_FAILED;
}

enum cli_exit cli_error_from(struct cli *cli, const char *path, int err,
	const struct alcm_diag *diag)
{
	if (diag && diag->cause[0] && err != -EIO)
		cli_error(cli, path, "%s", diag->cause);
	else if (diag && diag->cause[0])
		cli_error(cli, path, "%s (at byte %llu of the blob)", diag->cause,
			(unsigned long long)diag->offset);
	else
		cli_error(cli, path, "%s", strerror(-err));
	return err == -EIO ? CLI_CORRUPT : CLI_FAILED;
}
