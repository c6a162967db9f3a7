/* SPDX-License-Identifier: MIT */
/*
 * The tensor map of a blob: how it reads the blob, and what encoders take from it. The
 * map needs only two calls, so it doesn't know blobs. It reads either the blob itself,
 * which may still be growing, or the complete plain file that is being packed.
 */
#include <errno.h>

#include "blob/blob_map.h"
#include "codec/guess.h"

/* A share of 1/8 may lie between tensors: heads, names and padding. */
enum { UNTYPED_SHARE = 8 };

/* ---- where the map reads ----------------------------------------------------------- */

/* The map's reads go through the public call: they see buffers that no commit has yet. */
static int read_logical(void *ctx, void *buf, size_t n, uint64_t off)
{
	ssize_t got = alcm_blob_pread(ctx, buf, n, off, NULL);

	if (got < 0)
		return (int)got;
	return (size_t)got == n ? 0 : -EIO;
}

static uint64_t logical_size(void *ctx)
{
	return alcm_blob_size(ctx);
}

/*
 * `ahead_fd` stays open until the blob closes or look-ahead ends, by the API's contract.
 */
static int read_ahead(void *ctx, void *buf, size_t n, uint64_t off)
{
	const struct alcm_blob *blob = ctx;
	const struct blob_io plain = blob_io_posix(blob->ahead_fd);

	return blob_io_read(&plain, buf, n, off);
}

static uint64_t ahead_size(void *ctx)
{
	const struct alcm_blob *blob = ctx;

	return blob->ahead_size;
}

void blob_map_init(struct alcm_blob *blob)
{
	const struct tensor_source source = { read_logical, logical_size, blob };

	tensor_map_init(&blob->map, &source);
}

void alcm_blob_look_ahead(struct alcm_blob *blob, int fd, uint64_t size)
{
	const struct tensor_source inside = { read_logical, logical_size, blob };
	const struct tensor_source ahead = { read_ahead, ahead_size, blob };

	if (fd >= 0) {
		blob->ahead_fd = fd;
		blob->ahead_size = size;
	}
	tensor_map_set_source(&blob->map, fd >= 0 ? &ahead : &inside);
}

/* ---- what encoders take ------------------------------------------------------------ */

/* Spans of single bytes are what no tensor covers. */
bool blob_map_untyped(const struct segment_cut *cut, uint64_t off, uint32_t len)
{
	uint64_t untyped = 0, end = off + len;
	struct span span;

	for (uint64_t at = off; at < end; at += span.len_bytes) {
		format_next_span(cut, at, end, &span);
		if (span.dtype == DTYPE_BYTES && span.elem_bytes == 1)
			untyped += span.len_bytes;
	}
	return untyped > len / UNTYPED_SHARE;
}

void blob_map_cut(struct alcm_blob *blob, uint32_t chunk_no, const uint8_t *raw,
	uint32_t len, struct segment_cut *out, bool *untyped)
{
	uint64_t off = chunk_start(blob, chunk_no);

	tensor_map_cut(&blob->map, off, off + len, out);
	*untyped = blob_map_untyped(out, off, len);
	codec_guess(out, raw, off, len);
}
