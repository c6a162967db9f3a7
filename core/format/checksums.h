/* SPDX-License-Identifier: MIT */
/* Checksums that a container holds of its own bytes. Changing those bytes means updating
   the checksums. */
#ifndef ALCM_FORMAT_CHECKSUMS_H
#define ALCM_FORMAT_CHECKSUMS_H

#include <stddef.h>
#include <stdint.h>

enum { CHECKSUM_BYTES = 4, CHECKSUM_MAX_PLACES = 2 };

/*
 * The CRC-32 (zlib's) of some bytes of the file, and where it is stored, little-endian.
 */
struct checksum {
	uint64_t offset, bytes; /* the bytes that it covers */
	uint32_t crc;
	unsigned n_places;
	uint64_t places[CHECKSUM_MAX_PLACES];
};

/* By rising offset, disjoint. No place lies in bytes that a checksum covers. */
struct checksums {
	struct checksum *items; /* the caller's, freed with mem_free() */
	size_t n;
	/* Offset of DIGEST_CHARS digits made of all checksums except the one that covers
	   them; 0: there are none. */
	uint64_t digest_at;
};

enum { DIGEST_CHARS = 20 };

/* The digits for these checksums. */
void checksums_digest(const struct checksums *sums, char out[DIGEST_CHARS]);

#endif
