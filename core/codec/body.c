/* SPDX-License-Identifier: MIT */
/*
 * The part table of a record body: writing it, and checking one that is hostile.
 * Everything that decoding relies on is checked here, before any memory is touched by it:
 * transforms and coders exist and fit each other, and all lengths add up.
 *
 * A chunk of 64 KiB of float32, coded by ans wide (docs/format.md, section 3):
 *
 *   01                        one part
 *   00 00 01 00  02 04 00 04  65 536 bytes; transform float, 4 bytes, little-endian;
 *                             4 planes
 *   05 xx xx xx xx            plane 0: coder ans wide, and its stored length
 *   00 00 40 00 00            planes 1 to 3: raw, 16 384 bytes each
 *   …
 *
 * The lengths are used as they are by every user of a body. So a table that passes has no
 * gap, no overlap and no byte too many.
 */
#include "codec/body.h"

#include <errno.h>

#include "base/diag.h"
#include "base/le.h"
#include "coder/coder_table.h"

enum { FLAG_BIG_ENDIAN = 1 };

size_t body_table_bytes(const struct body *body)
{
	size_t n = 1;

	for (unsigned i = 0; i < body->n_parts; i++)
		n += BODY_PART_BYTES + body->parts[i].n_planes * (size_t)BODY_PLANE_BYTES;
	return n;
}

void body_put(uint8_t *out, const struct body *body)
{
	*out++ = (uint8_t)body->n_parts;
	for (unsigned i = 0; i < body->n_parts; i++) {
		const struct body_part *part = &body->parts[i];

		le_put32(out, part->raw_len);
		out[4] = part->transform;
		out[5] = part->elem_bytes;
		out[6] = part->big_endian ? FLAG_BIG_ENDIAN : 0;
		out[7] = part->n_planes;
		out += BODY_PART_BYTES;
		for (unsigned p = 0; p < part->n_planes; p++) {
			out[0] = part->planes[p].coder;
			le_put32(out + 1, part->planes[p].stored_len);
			out += BODY_PLANE_BYTES;
		}
	}
}

/* Check a part's fixed fields against the limits of its transform. */
static int check_part(const struct body_part *part, uint8_t flags, struct alcm_diag *diag)
{
	const struct transform_ops *t = transform_find(part->transform);

	if (!t)
		return diag_set(diag, -EIO, 0, "needs a newer alcm (transform %u)",
			part->transform);
	if ((flags & ~FLAG_BIG_ENDIAN) || !part->raw_len ||
		!transform_takes(t, part->elem_bytes) || (flags && part->elem_bytes < 2) ||
		part->n_planes != transform_n_planes(t, part->elem_bytes) ||
		(part->elem_bytes && part->raw_len % part->elem_bytes))
		return diag_set(diag, -EIO, 0, "impossible part in a record");
	return 0;
}

/* Check that plane `no` of a part can have this coder. Codes need the one coder for
   codes, and parameters are raw. */
static int check_coder(const struct body_part *part, unsigned no, uint8_t coder,
	struct alcm_diag *diag)
{
	const struct transform_ops *t = transform_find(part->transform);
	const struct coder_ops *c = coder_find(coder);

	if (!c)
		return diag_set(diag, -EIO, 0, "needs a newer alcm (coder %u)", coder);
	if (t->refers && coder != CODER_RAW)
		return diag_set(diag, -EIO, 0, "impossible coder of a reference in a record");
	if (c->codes != (t->codes && no == 1) || (t->codes && no == 0 && coder != CODER_RAW))
		return diag_set(diag, -EIO, 0, "impossible coder of a grid in a record");
	return 0;
}

/* Lengths are added in 64 bits, so at most 8 · 32 planes of 32 bits can't overflow. */
int body_get(struct body *body, const uint8_t *in, uint32_t body_len, uint32_t n,
	struct alcm_diag *diag)
{
	uint64_t at = 1, stored = 0, raw = 0;

	if (!body_len || !in[0] || in[0] > BODY_MAX_PARTS)
		return diag_set(diag, -EIO, 0, "impossible part count in a record");
	body->n_parts = in[0];
	for (unsigned i = 0; i < body->n_parts; i++) {
		struct body_part *part = &body->parts[i];

		if (body_len - at < BODY_PART_BYTES)
			return diag_set(diag, -EIO, 0, "a record's part table is truncated");

		const uint8_t *p = in + at;

		part->raw_len = le_get32(p);
		part->transform = p[4];
		part->elem_bytes = p[5];
		part->big_endian = p[6] & FLAG_BIG_ENDIAN;
		part->n_planes = p[7];

		int err = check_part(part, p[6], diag);

		if (err)
			return err;
		at += BODY_PART_BYTES;
		if (body_len - at < part->n_planes * (uint64_t)BODY_PLANE_BYTES)
			return diag_set(diag, -EIO, 0, "a record's plane table is truncated");
		for (unsigned k = 0; k < part->n_planes; k++) {
			p = in + at + k * (uint64_t)BODY_PLANE_BYTES;
			part->planes[k].coder = p[0];
			part->planes[k].stored_len = le_get32(p + 1);
			err = check_coder(part, k, p[0], diag);
			if (err)
				return err;
			stored += part->planes[k].stored_len;
		}
		at += part->n_planes * (uint64_t)BODY_PLANE_BYTES;
		raw += part->raw_len;
	}
	if (raw != n || at + stored != body_len)
		return diag_set(diag, -EIO, 0, "a record's lengths do not add up");
	return 0;
}
