/* SPDX-License-Identifier: MIT */
/*
 * Hostile .npz archives. Input: a byte that chooses how, then either the archive itself, or
 * edits of a good one (offset of two bytes, new byte), after which the checksum is made right
 * again where it can be, so that the edits reach the .npy within. What is read must write and
 * read back.
 */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/alloc.h"
#include "base/le.h"
#include "format/npz.h"
#include "format/zip.h"

enum { ROWS = 3, COLUMNS = 4, N = ROWS * COLUMNS, IS_EDITS = 1, DEFLATED = 2, KEEP_CRC = 4 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint64_t shape[] = { ROWS, COLUMNS };

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void write_good(const uint8_t values[8 * N], bool compressed, uint8_t **out, size_t *len)
{
	const struct npz_array arrays[] = {
		{ "before", "<f4", 1, { 2 }, values, 8 },
		{ "wanted", "<f8", 2, { ROWS, COLUMNS }, values, sizeof(double) * N },
	};

	require(npz_write(arrays, 2, compressed, out, len) == 0);
}

/* Values that were read are numbers, and survive another turn; -0.0 and NaN by their bits. */
static void check_values(const double values[N])
{
	uint8_t bytes[8 * N], *archive;
	double again[N];
	size_t len;

	for (int i = 0; i < N; i++)
		le_put_double(bytes + 8 * i, values[i]);
	write_good(bytes, true, &archive, &len);
	require(npz_read(archive, len, "wanted", 2, shape, again, NULL) == 0);
	require(memcmp(values, again, sizeof(again)) == 0);
	mem_free(archive);
}

static void read_one(const uint8_t *archive, size_t len)
{
	struct alcm_diag diag = { 0 };
	double values[N];
	int err = npz_read(archive, len, "wanted", 2, shape, values, &diag);

	require(err == 0 || diag.cause[0]);
	if (err == 0)
		check_values(values);
}

/* The checksum of the second member's stored bytes into its directory entry. */
static void mend_checksum(uint8_t *archive, size_t local, size_t entry)
{
	size_t start = local + ZIP_LOCAL_BYTES + strlen("wanted.npy") + ZIP64_EXTRA_BYTES;
	uint32_t n = le_get32(archive + entry + 24);

	if (n <= entry - start)
		le_put32(archive + entry + 16, (uint32_t)crc32(0, archive + start, n));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t values[8 * N] = { 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 1, 2, 3, 4 };
	size_t len, local, entry;
	uint8_t *archive;

	if (size < 1 || !(data[0] & IS_EDITS)) {
		read_one(data + (size > 0), size - (size > 0));
		return 0;
	}
	write_good(values, data[0] & DEFLATED, &archive, &len);
	entry = le_get32(archive + len - ZIP_END_BYTES + 16) + ZIP_CENTRAL_BYTES +
		strlen("before.npy");
	local = le_get32(archive + entry + 42);
	for (size_t i = 1; i + 3 <= size && i < 3 * 16; i += 3)
		archive[(data[i] | data[i + 1] << 8) % len] = data[i + 2];
	if (!(data[0] & (KEEP_CRC | DEFLATED)))
		mend_checksum(archive, local, entry);
	read_one(archive, len);
	mem_free(archive);
	return 0;
}
