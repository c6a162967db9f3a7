/* SPDX-License-Identifier: MIT */
/* A file of either kind, read by its logical bytes. */
#ifndef ALCM_TOOLS_CLI_SOURCE_H
#define ALCM_TOOLS_CLI_SOURCE_H

#include <sys/stat.h>

#include "cli.h"

struct source {
	const char *path;
	int fd;
	struct stat st;
	struct alcm_blob *blob; /* NULL: a plain file */
	uint64_t size;          /* logical */
};

/*
 * Open the regular file behind `fd`, which becomes the source's (negative: the open
 * failed, errno says why). What fails is reported. Unless this returns CLI_OK, `out`
 * needs no source_close().
 */
enum cli_exit source_open(struct cli *cli, struct alcm *alcm, int fd, const char *path,
	struct source *out);
void source_close(struct source *source);

/*
 * Read just `n` logical bytes at `off` of the struct source behind `ctx`: what
 * alcm_histogram() calls. 0, or a negative errno; -EIO: the file is shorter than it was.
 */
int source_read(void *ctx, void *buf, size_t n, uint64_t off);

/* Takes `n` logical bytes that begin at `off`; returns 0 or a negative errno. */
typedef int (*source_sink)(void *ctx, const void *buf, size_t n, uint64_t off);

/*
 * Hand all logical bytes, in order, to `sink`, but leave out holes when `skip_holes`.
 * Counts into the progress; what fails is reported, a failing sink under the name
 * `sink_path`.
 */
enum cli_exit source_copy(struct cli *cli, struct source *source, bool skip_holes,
	const char *sink_path, source_sink sink, void *ctx);

#endif
