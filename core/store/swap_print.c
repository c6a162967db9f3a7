/* SPDX-License-Identifier: MIT */
/*
 * Fingerprints. The hash of a whole file is a chain over its pieces:
 *
 *     h(0) = 0
 *     h(i) = hash(h(i-1), offset of piece i, bytes of piece i)
 *
 * Pieces of zeros are skipped, so holes cost nothing. The offset tells where the skipped
 * pieces were.
 */
#include "store/swap_print.h"

#include <errno.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/fd.h"
#include "base/le.h"
#include "blob/blob_io.h"
#include "blob/disk.h"
#include "store/swap_job.h"

enum {
	HEAD_BYTES = 64 << 10,
	PIECE_BYTES = 256 << 10,
	CHAIN_BYTES = 16, /* in front of each piece: the hash so far and the offset */
};

int swap_print_head(int fd, struct swap_print *out)
{
	const struct blob_io s = blob_io_posix(fd);
	AUTO_FREE uint8_t *head = mem_alloc(HEAD_BYTES);
	int64_t size = s.ops->size(s.ctx);
	size_t n = size < 0 ? 0 : (size_t)min_u64((uint64_t)size, HEAD_BYTES);
	int err = !head ? -ENOMEM : size < 0 ? (int)size : blob_io_read(&s, head, n, 0);

	if (err)
		return err;
	*out = (struct swap_print){ (uint64_t)size, disk_hash(head, n) };
	return 0;
}

/* The first byte is zero, and each byte equals the one after it. */
static bool is_zero(const uint8_t *p, size_t n)
{
	return n == 0 || (p[0] == 0 && memcmp(p, p + 1, n - 1) == 0);
}

/* Pieces of zeros are skipped: a copy of the file may have holes where this one has
   zeros. */
static void add_piece(uint64_t *hash, uint8_t *buf, size_t n, uint64_t at)
{
	if (is_zero(buf + CHAIN_BYTES, n))
		return;
	le_put64(buf, *hash);
	le_put64(buf + 8, at);
	*hash = disk_hash(buf, CHAIN_BYTES + n);
}

int swap_print_all(int fd, uint64_t size, struct swap_print *out)
{
	const struct blob_io s = blob_io_posix(fd);
	AUTO_FREE uint8_t *buf = mem_alloc(CHAIN_BYTES + PIECE_BYTES);
	int64_t there = s.ops->size(s.ctx);
	uint64_t hash = 0, at = 0, from, to;

	if (!buf || there < 0)
		return !buf ? -ENOMEM : (int)there;
	if ((uint64_t)there < size)
		return -ENODATA;
	while (at < size) {
		int err = fd_next_data(fd, at, size, &from, &to);
		size_t n;

		if (err)
			return err;
		/* Pieces lie on a fixed grid, wherever the data begins: a copy may have other
		   holes. */
		at = from - from % PIECE_BYTES;
		n = (size_t)min_u64(PIECE_BYTES, size - at);
		err = blob_io_read(&s, buf + CHAIN_BYTES, n, at);
		if (err)
			return err;
		add_piece(&hash, buf, n, at);
		at += n;
	}
	*out = (struct swap_print){ size, hash };
	return 0;
}

int swap_print_matches(int fd, const struct swap_print *print)
{
	struct swap_print now;
	int err = swap_print_all(fd, print->size, &now);

	if (err)
		return err == -ENODATA ? 0 : err;
	return now.hash == print->hash;
}
