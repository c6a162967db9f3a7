/* SPDX-License-Identifier: MIT */
/*
 * Bytes that another record of the same blob holds, named in such a way that nothing else
 * can be taken for them (docs/format.md, section 3.7).
 */
#ifndef ALCM_TENSOR_REFERENCE_H
#define ALCM_TENSOR_REFERENCE_H

#include <stdint.h>

enum { REFERENCE_HASH_BYTES = 16 };

struct reference {
	uint64_t record_off;                /* where the record lies in the blob */
	uint32_t frame_len;                 /* of the record */
	uint32_t chunk_no;                  /* of the record */
	uint32_t first;                     /* where the bytes begin in that chunk */
	uint8_t hash[REFERENCE_HASH_BYTES]; /* XXH3-128 of the bytes */
};

#endif
