/* SPDX-License-Identifier: MIT */
/*
 * The frames of a blob one by one: header, record, index, trailer, and the lossy section
 * of an index. Whatever a parser takes is within the limits, and is written again as the
 * same bytes. Input: which one, and whether its checksum is made right first; then its
 * bytes.
 */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/le.h"
#include "blob/disk.h"
#include "blob/lossy_section.h"

enum { SEAL = 0x80, CHUNK = 1 << 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void seal_start(uint8_t *p, size_t n)
{
	le_put64(p + 8, disk_hash(p + 16, n - 16));
}

static void seal_head(uint8_t *p)
{
	uint8_t covered[56];

	memcpy(covered, p + 16, 48);
	memcpy(covered + 48, p, 8);
	le_put64(p + 8, disk_hash(covered, sizeof(covered)));
}

static void try_header(uint8_t *p, size_t n, bool seal)
{
	uint8_t again[DISK_HEADER_BYTES];
	struct disk_header h;

	if (seal && n >= sizeof(again))
		seal_start(p, sizeof(again));
	if (disk_header_get(&h, p, n) != DISK_OK)
		return;
	require(h.bound >= 0 && h.profile <= DISK_PROFILE_MAX);
	disk_header_put(again, &h);
	require(!memcmp(again, p, sizeof(again)));
}

static void try_record(uint8_t *p, size_t n, bool seal)
{
	uint8_t again[DISK_RECORD_BYTES];
	struct disk_record r;

	if (seal && n >= sizeof(again))
		seal_head(p);
	if (disk_record_get(&r, p, n, CHUNK) != DISK_OK)
		return;
	require(r.raw_len && r.raw_len <= CHUNK && r.metrics_len <= r.body_len &&
		DISK_RECORD_BYTES + (uint64_t)r.body_len <= disk_record_bound(CHUNK));
	disk_record_put(again, &r);
	require(!memcmp(again, p, sizeof(again)));
}

static void try_index(uint8_t *p, size_t n, bool seal)
{
	uint8_t again[DISK_INDEX_BYTES];
	struct disk_index x;

	if (seal && n >= sizeof(again))
		seal_head(p);
	if (disk_index_get(&x, p, n) != DISK_OK)
		return;
	require(x.n_planes <= DISK_MAX_PLANES && x.summary_len <= x.body_len &&
		x.lossy_len <= x.body_len - x.summary_len);
	disk_index_put(again, &x);
	require(!memcmp(again, p, sizeof(again)));
}

static void try_trailer(uint8_t *p, size_t n, bool seal)
{
	uint8_t again[DISK_TRAILER_BYTES];
	struct disk_trailer t;

	if (seal && n >= sizeof(again))
		seal_start(p, sizeof(again));
	if (disk_trailer_get(&t, p, n, n >= 48 ? le_get64(p + 40) : 0) != DISK_OK)
		return;
	require(t.index_off < t.off && t.prev < t.off && t.synced < t.off &&
		t.size <= DISK_MAX_LOGICAL);
	disk_trailer_put(again, &t);
	require(!memcmp(again, p, sizeof(again)));
}

static void try_lossy(const uint8_t *p, size_t n)
{
	struct lossy_totals totals;
	struct lossy *l;

	if (lossy_section_get(p, (uint32_t)n, &l, &totals))
		return;
	require(lossy_section_bytes(l, &totals) == n);
	for (uint64_t i = 0; l && i < l->params.n_scales; i++)
		require(l->params.scales[i] > 0 && isfinite(l->params.scales[i]));
	lossy_free(l);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const tries[])(uint8_t *, size_t, bool) = { try_header, try_record,
		try_index, try_trailer };
	uint8_t *copy;

	if (size < 1)
		return 0;
	copy = malloc(size);
	require(copy);
	memcpy(copy, data + 1, size - 1);
	if (data[0] % 8 < 4)
		tries[data[0] % 4](copy, size - 1, data[0] & SEAL);
	else
		try_lossy(copy, size - 1);
	free(copy);
	return 0;
}
