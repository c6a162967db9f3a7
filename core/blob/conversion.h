/* SPDX-License-Identifier: MIT */
/*
 * The head of a file that is being converted in place (core/store/swap_job.h): 512 bytes,
 * one disk sector, that take the place of its first bytes while the rest of it is neither
 * the old content nor the new one. Nobody can take such a file for whole, wherever it is
 * copied to. docs/format.md, 2.7.
 */
#ifndef ALCM_BLOB_CONVERSION_H
#define ALCM_BLOB_CONVERSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CONVERSION_BYTES = 512, CONVERSION_ID_BYTES = 16 };

struct conversion {
	uint8_t id[CONVERSION_ID_BYTES]; /* of the job that finishes it; random */
	bool pack;                       /* plain → blob; else the other way round */
	uint64_t logical_bytes; /* size of the content, which is the same before and after */
};

void conversion_put(uint8_t buf[CONVERSION_BYTES], const struct conversion *conversion);

/* Whether the first `n` bytes of a file, at least 8, begin such a head. */
bool conversion_begins(const uint8_t *buf, size_t n);

/* False: the `n` bytes are none, or it is damaged. */
bool conversion_get(struct conversion *out, const uint8_t *buf, size_t n);

#endif
