/* SPDX-License-Identifier: MIT */
/*
 * The hashes of frames and of what references name: XXH3 with seed 0, as docs/format.md
 * says in sections 1 and 3.7. They find damage and don't withstand malice. The longer one
 * is stored as bytes, so it is in canonical (big-endian) order on every machine.
 */
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "blob/disk.h"

uint64_t disk_hash(const void *data, size_t n)
{
	return XXH3_64bits(data, n);
}

void disk_hash128(const void *data, size_t n, uint8_t out[16])
{
	XXH128_canonical_t canonical;

	XXH128_canonicalFromHash(&canonical, XXH3_128bits(data, n));
	memcpy(out, canonical.digest, 16);
}
