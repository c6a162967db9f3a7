/* SPDX-License-Identifier: MIT */
/* Parts that are a copy of bytes in another record (docs/format.md, section 3.7). */
#ifndef ALCM_CODEC_COPY_H
#define ALCM_CODEC_COPY_H

#include "codec/codec_state.h"

/* Bytes that a copy takes in a body, its rows of the part table included. */
enum { COPY_PARAMS = 40, COPY_BYTES = COPY_PARAMS + BODY_PART_BYTES + BODY_PLANE_BYTES };

/* The part of a span that has a reference; `to` has COPY_PARAMS bytes, which it uses. */
void copy_part(const struct span *span, uint8_t *to, struct coded_part *out);

/* The reference that the stored bytes `in` of such a part name. -EIO and a cause. */
int copy_get(const struct body_part *part, const uint8_t *in, struct reference *out,
	struct alcm_diag *diag);

/* The part's bytes into out[0, raw_len). -EIO and a cause, -ENOMEM. */
int copy_decode(const struct codec_context *with, const struct body_part *part,
	const uint8_t *in, uint8_t *out);

#endif
