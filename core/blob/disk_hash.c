/* SPDX-License-Identifier: MIT */
/* The hashes of frames and of what references name. */
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
