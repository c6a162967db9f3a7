/* SPDX-License-Identifier: MIT */
/* Checksums that a container holds of its own bytes: whoever changes those has to change
   these. */
#ifndef ALCM_FORMAT_CHECKSUMS_H
#define ALCM_FORMAT_CHECKSUMS_H

#include <stddef.h>
#include <stdint.h>

enum { CHECKSUM_BYTES = 4, CHECKSUM_MAX_PLACES = 2 };

/* The CRC-32 (that of zlib) of some bytes of the file, and where it stands,
   little-endian. */
struct checksum {
	uint64_t offset, bytes; /* what it is of */
	uint32_t crc;
	unsigned n_places;
	uint64_t places[CHECKSUM_MAX_PLACES];
};

/* By rising offset, disjoint; no place lies in bytes that a checksum is of. */
struct checksums {
	struct checksum *items; /* the caller's, freed with mem_free() */
	size_t n;
	/* Where DIGEST_CHARS digits stand that are made of all of these, but for the one that
	   they lie in; 0: none do. */
	uint64_t digest_at;
};

enum { DIGEST_CHARS = 20 };

/* Those digits. */
void checksums_digest(const struct checksums *sums, char out[DIGEST_CHARS]);

#endif
