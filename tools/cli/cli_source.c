/* SPDX-License-Identifier: MIT */
/*
 * Logical bytes of a file, plain or compressed. Blobs are read through the library, plain
 * files directly. So cat, estimate, bench and copies have one path for both.
 *
 * A copy goes through in pieces of 1 MiB. A damaged chunk fails its piece, and the copy
 * ends there with the cause: what the sink has got until then is a correct beginning.
 */
#include "cli_source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"

/* A multiple of every chunk size in use, so that no chunk is decoded twice. */
#define BLOCK_BYTES (1u << 20)

/*
 * Blobs are opened for reading only, so files of a read-only store can be read as well.
 */
static enum cli_exit open_content(struct cli *cli, struct alcm *alcm, struct source *s)
{
	struct alcm_diag diag = { 0 };
	struct alcm_probe probe;
	int err;

	if (fstat(s->fd, &s->st) != 0)
		return cli_error(cli, s->path, "%s", strerror(errno));
	if (S_ISDIR(s->st.st_mode))
		return cli_error(cli, s->path, "is a directory");
	if (!S_ISREG(s->st.st_mode))
		return cli_error(cli, s->path, "is not a regular file");
	s->size = (uint64_t)s->st.st_size;
	err = alcm_probe(s->fd, &probe, &diag);
	if (err)
		return cli_error_from(cli, s->path, err, &diag);
	if (probe.kind == ALCM_PLAIN)
		return CLI_OK;
	err = alcm_blob_open(alcm, s->fd, false, &s->blob, &diag);
	if (err)
		return cli_error_from(cli, s->path, err, &diag);
	s->size = alcm_blob_size(s->blob);
	return CLI_OK;
}

enum cli_exit source_open(struct cli *cli, struct alcm *alcm, int fd, const char *path,
	struct source *out)
{
	enum cli_exit status;

	if (fd < 0)
		return cli_error(cli, path, "%s", strerror(errno));
	*out = (struct source){ .path = path, .fd = fd };
	status = open_content(cli, alcm, out);
	if (status)
		source_close(out);
	return status;
}

void source_close(struct source *source)
{
	alcm_blob_close(source->blob);
	source->blob = NULL;
	fd_close(source->fd);
	source->fd = -1;
}

/* The first byte at or behind `off` that isn't in a hole; the file's size if there is
   none. */
static uint64_t next_data(struct source *s, uint64_t off)
{
	uint64_t from, to;
	int64_t at;

	/* If the filesystem can't tell, everything counts as data. */
	if (!s->blob)
		return fd_next_data(s->fd, off, s->size, &from, &to) ? off : from;
	at = alcm_blob_seek(s->blob, off, SEEK_DATA);
	return at >= 0 ? (uint64_t)at : at == -ENXIO ? s->size : off;
}

static ssize_t read_at(struct source *s, void *buf, size_t n, uint64_t off,
	struct alcm_diag *diag)
{
	ssize_t got;

	if (s->blob)
		return alcm_blob_pread(s->blob, buf, n, off, diag);
	got = TEMP_FAILURE_RETRY(pread(s->fd, buf, n, (off_t)off));
	return got < 0 ? -errno : got;
}

int source_read(void *ctx, void *buf, size_t n, uint64_t off)
{
	for (char *to = buf; n;) {
		ssize_t got = read_at(ctx, to, n, off, NULL);

		if (got <= 0)
			return got < 0 ? (int)got : -EIO;
		to += got;
		off += (uint64_t)got;
		n -= (size_t)got;
	}
	return 0;
}

/* Pieces end at multiples of BLOCK_BYTES, also after a hole that ended inside a chunk. */
static enum cli_exit copy_with(struct cli *cli, struct source *s, bool skip_holes,
	const char *sink_path, source_sink sink, void *ctx, void *buf)
{
	uint64_t off = 0;

	while (off < s->size) {
		struct alcm_diag diag = { 0 };
		uint64_t data = skip_holes ? next_data(s, off) : off;
		size_t want = BLOCK_BYTES - (size_t)(data % BLOCK_BYTES);
		ssize_t got;
		int err;

		progress_add(&cli->progress, data - off);
		off = data;
		if (off >= s->size)
			break;
		got = read_at(s, buf, want, off, &diag);
		if (got < 0)
			return cli_error_from(cli, s->path, (int)got, &diag);
		if (got == 0)
			return cli_error(cli, s->path, "became shorter while it was read");
		err = sink(ctx, buf, (size_t)got, off);
		if (err)
			return cli_error(cli, sink_path, "%s", strerror(-err));
		off += (uint64_t)got;
		progress_add(&cli->progress, (uint64_t)got);
	}
	return CLI_OK;
}

enum cli_exit source_copy(struct cli *cli, struct source *source, bool skip_holes,
	const char *sink_path, source_sink sink, void *ctx)
{
	void *buf = malloc(BLOCK_BYTES);
	enum cli_exit status;

	if (!buf)
		return cli_error(cli, source->path, "out of memory");
	status = copy_with(cli, source, skip_holes, sink_path, sink, ctx, buf);
	free(buf);
	return status;
}
