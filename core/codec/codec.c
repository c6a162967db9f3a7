/* SPDX-License-Identifier: MIT */
/*
 * A chunk's spans to a record body and back.
 *
 *   span ──► plan_part(): transform ──► planes ──► coders ┐
 *   span ──► …                                            ├─► table │ planes of all parts
 *                                                         ┘
 *
 * Encoding can't fail for lack of space: each plane is stored raw if no coder makes it
 * smaller, and a body that is larger than the chunk stored raw is replaced by that.
 *
 * While a chunk is encoded the body lies in the caller's memory from the start, behind a
 * gap for the table:
 *
 *   body ─► │ table, of its usual length │ part 0 │ part 1 │ … │
 *
 * The table's length is known only when all transforms are chosen. It is guessed as a
 * plane per byte of an element; if that was wrong the parts are moved once. `sparse` has
 * two planes more, for example, and `none` only one.
 *
 * Decoding trusts body_get(), which has checked the table. What is left to fail is each
 * coder's own data. Output never leaves raw[0, n), as the parts' lengths add up to n.
 */
#include "codec/codec.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "base/alloc.h"
#include "base/diag.h"
#include "codec/codec_state.h"
#include "codec/copy.h"
#include "codec/grid.h"
#include "tensor/dtype.h"

/* The longest part table: every part with the most planes. */
enum { TABLE_MAX = CODEC_MAX_TABLE };
_Static_assert(TABLE_MAX ==
		1 + BODY_MAX_PARTS * (BODY_PART_BYTES + TRANSFORM_MAX_PLANES * BODY_PLANE_BYTES),
	"the header has its size");
_Static_assert(CODEC_PART_PLANES >= TRANSFORM_MAX_PLANES, "the planes of a part fit");

size_t codec_bound(uint32_t n)
{
	return (size_t)n + TABLE_MAX;
}

/* The buffers are about as large as a chunk each; codec_state.h says what they hold. */
int codec_new(uint32_t chunk_bytes, struct codec **out)
{
	struct codec *c = mem_zalloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->chunk_bytes = chunk_bytes;
	c->goal = UINT32_MAX;
	c->planes = mem_alloc_aligned(chunk_bytes + TRANSFORM_ROOM(chunk_bytes));
	c->coded[0] = mem_alloc_aligned((size_t)chunk_bytes + 64); /* or scales */
	c->coded[1] = mem_alloc_aligned(chunk_bytes);
	c->candidate = mem_alloc_aligned((size_t)chunk_bytes + BINS_BITS_SLACK);
	c->tables = mem_alloc_aligned(sizeof(*c->tables));
	if (!c->planes || !c->coded[0] || !c->coded[1] || !c->candidate || !c->tables ||
		coder_state_new(&c->coders)) {
		codec_free(c);
		return -ENOMEM;
	}
	*out = c;
	return 0;
}

void codec_set_effort(struct codec *c, bool high_effort)
{
	c->chooser = high_effort ? CHOOSER_NETWORK : CHOOSER_RULES;
}

void codec_free(struct codec *c)
{
	if (!c)
		return;
	coder_state_free(c->coders);
	mem_free(c->planes);
	mem_free(c->coded[0]);
	mem_free(c->coded[1]);
	mem_free(c->candidate);
	mem_free(c->tables);
	mem_free(c);
}

/* ---- encoding ---------------------------------------------------------------------- */

/* List the first planes of a part, at most `capacity`; returns their number. */
static unsigned list_part(const struct body_part *part, struct plane_use *out,
	unsigned capacity)
{
	const struct transform_ops *t = transform_find(part->transform);
	unsigned n_shares = part->n_planes - t->n_extra, p;

	for (p = 0; p < part->n_planes && p < capacity; p++) {
		bool extra = p < t->n_extra;

		out[p] = (struct plane_use){
			.transform = part->transform,
			.plane = (uint8_t)p,
			.coder = part->planes[p].coder,
			.value_bits = t->value_bits ? t->value_bits : (uint8_t)(8 * part->elem_bytes),
			.n_values = body_plane_len(part),
			/* Extra planes hold no bytes of the part; the others share all of them. */
			.raw_bytes = extra
				? 0
				: part->raw_len / n_shares + (p - t->n_extra < part->raw_len % n_shares),
			.stored_bytes = part->planes[p].stored_len,
		};
	}
	return p;
}

/* Planes beyond CODEC_MAX_PLANES are only left out of reports. */
static void list_planes(const struct body *body, struct codec_result *out)
{
	out->n_planes = 0;
	for (unsigned i = 0; i < body->n_parts; i++)
		out->n_planes += list_part(&body->parts[i], &out->planes[out->n_planes],
			CODEC_MAX_PLANES - out->n_planes);
}

/*
 * The table's length if each span becomes a part with a plane per byte of its elements.
 */
static size_t usual_table_bytes(const struct span *spans, unsigned n_spans)
{
	struct body body = { .n_parts = n_spans };

	for (unsigned i = 0; i < n_spans; i++) {
		const struct dtype *type = dtype_get(spans[i].dtype);
		unsigned width = type->class == DTYPE_OPAQUE ? spans[i].elem_bytes
													 : type->width_bytes;

		body.parts[i].n_planes = (uint8_t)(width && width <= TRANSFORM_MAX_PLANES ? width
																				  : 1);
	}
	return body_table_bytes(&body);
}

int codec_encode(const struct codec_context *with, const uint8_t *raw, uint32_t n,
	uint8_t *body_bytes, struct codec_result *out)
{
	const struct span *spans = with->spans;
	struct codec *c = with->codec;
	struct body body = { .n_parts = 0 };
	/* Parts are coded in their final place, which is right if the table has its usual
	   length. The codec's first output buffer is pointed there for the time. */
	uint8_t *data = body_bytes + usual_table_bytes(spans, with->n_spans),
			*own = c->coded[0];
	uint32_t stored = 0;
	size_t table;

	for (uint32_t i = 0, at = 0; i < with->n_spans; at += spans[i++].len_bytes) {
		struct coded_part part;

		c->coded[0] = data + stored;
		if (spans[i].same_as)
			copy_part(&spans[i], c->coded[0], &part);
		else
			plan_part(c, raw + at, &spans[i], &part);
		body.parts[body.n_parts++] = part.part;
		if (part.bytes != data + stored)
			memcpy(data + stored, part.bytes, part.len);
		stored += part.len;
	}
	c->coded[0] = own;
	table = body_table_bytes(&body);
	if (table + stored > (size_t)n + 1 + BODY_PART_BYTES + BODY_PLANE_BYTES) {
		codec_encode_raw(raw, n, body_bytes, out);
		return 0;
	}
	if (data != body_bytes + table)
		memmove(body_bytes + table, data, stored);
	body_put(body_bytes, &body);
	out->body_len = (uint32_t)(table + stored);
	list_planes(&body, out);
	return 0;
}

void codec_encode_raw(const uint8_t *raw, uint32_t n, uint8_t *body_bytes,
	struct codec_result *out)
{
	struct body body = { .n_parts = 1 };

	body.parts[0] = (struct body_part){ .raw_len = n, .n_planes = 1 };
	body.parts[0].planes[0] = (struct body_plane){ CODER_RAW, n };
	body_put(body_bytes, &body);
	memcpy(body_bytes + body_table_bytes(&body), raw, n);
	out->body_len = (uint32_t)(body_table_bytes(&body) + n);
	list_planes(&body, out);
}

/* ---- decoding ---------------------------------------------------------------------- */

/* The caller has checked that the coder exists. */
static int decode_plane(const struct codec_context *with, const struct body_plane *plane,
	const uint8_t *in, uint8_t *out, uint32_t n)
{
	const struct coder_ops *coder = coder_find(plane->coder);

	if (coder->decode(with->codec->coders, in, plane->stored_len, out, n))
		return diag_set(with->diag, -EIO, 0, "%s data that does not decode", coder->name);
	return 0;
}

/* Decode the planes, and merge them if the transform has more than one. */
static int decode_planes(const struct codec_context *with, const struct transform_ops *t,
	const struct body_part *part, const uint8_t *in, uint8_t *out)
{
	const struct transform_part shape = { part->raw_len, part->elem_bytes,
		part->big_endian };
	uint8_t *to = t->merge ? with->codec->planes : out;
	struct transform_planes planes;

	for (unsigned p = 0; p < part->n_planes; p++) {
		const struct body_plane *plane = &part->planes[p];
		uint32_t len = planes.len[p] = t->plane_len(&shape, p, &planes);
		int err;

		planes.at[p] = to;
		/* Raw planes are merged from the input, without a copy. */
		if (t->merge && plane->coder == CODER_RAW && plane->stored_len == len) {
			planes.at[p] = in;
		} else {
			err = decode_plane(with, plane, in, to, len);
			if (err)
				return err;
			to += len;
		}
		in += plane->stored_len;
	}
	if (t->merge)
		t->merge(&shape, &planes, with->codec->candidate, out);
	return 0;
}

/* Decode one part into out[0, raw_len); moves `*in` behind its planes. */
static int decode_part(const struct codec_context *with, const struct body_part *part,
	const uint8_t **in, uint8_t *out)
{
	const struct transform_ops *t = transform_find(part->transform);
	uint32_t first_len = part->planes[0].stored_len;
	struct bins_scratch scratch;
	const uint8_t *from = *in;

	for (unsigned p = 0; p < part->n_planes; p++)
		*in += part->planes[p].stored_len;
	if (t->refers)
		return copy_decode(with, part, from, out);
	if (!t->codes)
		return decode_planes(with, t, part, from, out);
	scratch = codec_bins_scratch(with->codec);
	return grid_decode(from, first_len, from + first_len, part->planes[1].stored_len,
		part->elem_bytes, part->big_endian, &scratch, out, part->raw_len, with->diag);
}

int codec_decode(const struct codec_context *with, const uint8_t *in, uint32_t body_len,
	uint8_t *raw, uint32_t n)
{
	struct body body;
	int err;

	if (n > with->codec->chunk_bytes)
		return diag_set(with->diag, -EIO, 0, "a record larger than a chunk");
	err = body_get(&body, in, body_len, n, with->diag);
	if (err)
		return err;
	in += body_table_bytes(&body);
	for (unsigned i = 0; i < body.n_parts && !err; i++) {
		err = decode_part(with, &body.parts[i], &in, raw);
		raw += body.parts[i].raw_len;
	}
	return err;
}

int codec_planes(const uint8_t *in, uint32_t body_len, uint32_t n,
	struct codec_result *out, struct alcm_diag *diag)
{
	struct body body;
	int err = body_get(&body, in, body_len, n, diag);

	if (err)
		return err;
	list_planes(&body, out);
	out->body_len = body_len;
	return 0;
}

int codec_parts(const uint8_t *in, uint32_t body_len, uint32_t n,
	struct codec_part parts[CODEC_MAX_PARTS], unsigned *n_parts, struct alcm_diag *diag)
{
	struct body body;
	int err = body_get(&body, in, body_len, n, diag);

	if (err)
		return err;
	for (unsigned i = 0; i < body.n_parts; i++) {
		const struct body_part *from = &body.parts[i];
		struct codec_part *part = &parts[i];

		part->raw_len = from->raw_len;
		part->stored_len = 0;
		part->n_planes = list_part(from, part->planes, CODEC_PART_PLANES);
		for (unsigned p = 0; p < part->n_planes; p++)
			part->stored_len += from->planes[p].stored_len;
	}
	*n_parts = body.n_parts;
	return 0;
}

int codec_references(const uint8_t *in, uint32_t body_len, uint32_t n,
	struct reference references[CODEC_MAX_PARTS], uint32_t bytes[CODEC_MAX_PARTS],
	unsigned *n_references, struct alcm_diag *diag)
{
	struct body body;
	int err = body_get(&body, in, body_len, n, diag);

	*n_references = 0;
	if (err)
		return err;
	in += body_table_bytes(&body);
	for (unsigned i = 0; i < body.n_parts && !err; i++) {
		const struct body_part *part = &body.parts[i];

		if (transform_find(part->transform)->refers) {
			bytes[*n_references] = part->raw_len;
			err = copy_get(part, in, &references[(*n_references)++], diag);
		}
		for (unsigned p = 0; p < part->n_planes; p++)
			in += part->planes[p].stored_len;
	}
	return err;
}

/* ---- for reports ------------------------------------------------------------------- */

/* Ids come from files, so unknown ones are normal here. */
void codec_plane_name(uint8_t transform, uint8_t plane, char *buf)
{
	const struct transform_ops *t = transform_find(transform);
	struct plane_name name = t ? t->plane_name(plane)
							   : (struct plane_name){ "?", -1, "" };

	if (name.number < 0)
		snprintf(buf, 32, "%s", name.before);
	else
		snprintf(buf, 32, "%s%d%s", name.before, name.number, name.behind);
}

const char *codec_coder_name(uint8_t coder)
{
	return coder_name(coder);
}

long codec_baseline(const uint8_t *raw, uint32_t n)
{
	uLongf len = compressBound(n);
	AUTO_FREE uint8_t *out = mem_alloc(len);

	if (!out)
		return -ENOMEM;
	return compress2(out, &len, raw, n, 6) == Z_OK ? (long)len : -EIO;
}
