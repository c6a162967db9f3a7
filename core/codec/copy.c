/* SPDX-License-Identifier: MIT */
/*
 * A copy has one plane, raw, with the reference:
 *
 *     offset of the record   8 bytes
 *     its frame's length     4
 *     its chunk              4
 *     first byte in there    4
 *     0                      4   a later version may name other blobs here
 *     XXH3-128 of the bytes 16
 */
#include "codec/copy.h"

#include <errno.h>
#include <string.h>

#include "base/diag.h"
#include "base/le.h"

void copy_part(const struct span *span, uint8_t *to, struct coded_part *out)
{
	const struct reference *r = span->same_as;

	le_put64(to, r->record_off);
	le_put32(to + 8, r->frame_len);
	le_put32(to + 12, r->chunk_no);
	le_put32(to + 16, r->first);
	le_put32(to + 20, 0);
	memcpy(to + 24, r->hash, REFERENCE_HASH_BYTES);
	*out = (struct coded_part){
		.part = { .raw_len = span->len_bytes,
			.transform = TRANSFORM_COPY,
			.n_planes = 1,
			.planes = { { CODER_RAW, COPY_PARAMS } } },
		.bytes = to,
		.len = COPY_PARAMS,
	};
}

int copy_get(const struct body_part *part, const uint8_t *in, struct reference *out,
	struct alcm_diag *diag)
{
	if (part->planes[0].stored_len != COPY_PARAMS)
		return diag_set(diag, -EIO, 0, "impossible reference in a record");
	if (le_get32(in + 20))
		return diag_set(diag, -EIO, 0, "needs a newer alcm (reference to another file)");
	out->record_off = le_get64(in);
	out->frame_len = le_get32(in + 8);
	out->chunk_no = le_get32(in + 12);
	out->first = le_get32(in + 16);
	memcpy(out->hash, in + 24, REFERENCE_HASH_BYTES);
	return 0;
}

int copy_decode(const struct codec_context *with, const struct body_part *part,
	const uint8_t *in, uint8_t *out)
{
	struct reference from;
	int err = copy_get(part, in, &from, with->diag);

	if (err)
		return err;
	if (!with->references)
		return diag_set(with->diag, -EIO, 0,
			"a record that others refer to refers to another one itself");
	return with->references->read(with->references->ctx, &from, part->raw_len, out,
		with->diag);
}
