/* SPDX-License-Identifier: MIT */
/* The part table of a record body (docs/format.md, section 3): the only place that knows
   it. */
#ifndef ALCM_CODEC_BODY_H
#define ALCM_CODEC_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "alcm.h"
#include "transform/transform_table.h"

enum {
	BODY_PART_BYTES = 8,
	BODY_PLANE_BYTES = 5,
	BODY_MAX_PARTS = 8,
};

struct body_plane {
	uint8_t coder;
	uint32_t stored_len;
};

struct body_part {
	uint32_t raw_len;
	uint8_t transform, elem_bytes, n_planes;
	bool big_endian;
	struct body_plane planes[TRANSFORM_MAX_PLANES];
};

struct body {
	unsigned n_parts;
	struct body_part parts[BODY_MAX_PARTS];
};

/* Bytes that the table takes. */
size_t body_table_bytes(const struct body *body);

/* Write the table to `out`. */
void body_put(uint8_t *out, const struct body *body);

/*
 * Read and check the table of a body of body_len bytes that describes n logical bytes.
 * Only table bytes are looked at. -EIO with a cause.
 */
int body_get(struct body *body, const uint8_t *in, uint32_t body_len, uint32_t n,
	struct alcm_diag *diag);

/* Length of a plane of bytes before coding. */
static inline uint32_t body_plane_len(const struct body_part *part)
{
	return part->elem_bytes ? part->raw_len / part->elem_bytes : part->raw_len;
}

#endif
