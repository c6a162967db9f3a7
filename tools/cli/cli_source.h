/* SPDX-License-Identifier: MIT */
/* A plain file or a blob, read by its logical bytes. */
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
 * Open the regular file behind `fd`; the source owns `fd` from then on. A negative `fd`
 * means that open failed, with its cause in errno. Failures are reported. source_close()
 * is only needed after CLI_OK.
 */
enum cli_exit source_open(struct cli *cli, struct alcm *alcm, int fd, const char *path,
	struct source *out);
void source_close(struct source *source);

/* Read exactly `n` logical bytes at `off` of the struct source behind `ctx`, as for
   alcm_histogram(). 0 or a negative errno; -EIO: the file became shorter. */
int source_read(void *ctx, void *buf, size_t n, uint64_t off);

/* Receives `n` logical bytes at `off`. 0 or a negative errno. */
typedef int (*source_sink)(void *ctx, const void *buf, size_t n, uint64_t off);

/* Pass all logical bytes to `sink`, in order; with `skip_holes`, without holes. Advances
   the progress. Failures are reported, those of the sink under the name `sink_path`. */
enum cli_exit source_copy(struct cli *cli, struct source *source, bool skip_holes,
	const char *sink_path, source_sink sink, void *ctx);

#endif
