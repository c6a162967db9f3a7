/* SPDX-License-Identifier: MIT */
/* A chunk's spans to a record body and back. */
#include "codec/codec.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "base/alloc.h"
#include "base/diag.h"
#include "codec/codec_state.h"
#include "codec/grid.h"
#include "tensor/dtype.h"
#include "transform/bits.h"
#include "transform/deltas.h"
#include "transform/planes.h"
#include "transform/sparse.h"

/* A part table of every part and plane there can be. */
enum { TABLE_MAX = CODEC_MAX_TABLE };
_Static_assert(TABLE_MAX ==
		1 + BODY_MAX_PARTS * (BODY_PART_BYTES + TRANSFORM_MAX_PLANES * BODY_PLANE_BYTES),
	"the header says how large it is");
_Static_assert(CODEC_PART_PLANES >= TRANSFORM_MAX_PLANES, "a part's planes have room");
_Static_assert(CODEC_CODERS > CODER_BINS, "every coder's id is below it");

size_t codec_bound(uint32_t n)
{
	return (size_t)n + TABLE_MAX;
}

size_t codec_memory(uint32_t chunk_bytes)
{
	/* The contexts of zlib and zstd take well below 4 MiB. */
	return 4 * (size_t)chunk_bytes + 2 * codec_map_bytes(chunk_bytes) +
		sizeof(union bins_tables) + ((size_t)4 << 20);
}

int codec_new(uint32_t chunk_bytes, struct codec **out)
{
	struct codec *c = mem_zalloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->chunk_bytes = chunk_bytes;
	c->goal = UINT32_MAX;
	c->planes = mem_alloc_aligned((size_t)chunk_bytes + 64); /* bit planes end in whole bytes */
	c->coded[0] = mem_alloc_aligned((size_t)chunk_bytes + 64); /* or scales */
	c->coded[1] = mem_alloc_aligned(chunk_bytes);
	c->candidate = mem_alloc_aligned((size_t)chunk_bytes + BINS_BITS_SLACK);
	c->tables = mem_alloc_aligned(sizeof(*c->tables));
	c->maps = mem_alloc_aligned(2 * codec_map_bytes(chunk_bytes));
	if (!c->planes || !c->coded[0] || !c->coded[1] || !c->candidate || !c->tables ||
		!c->maps || coder_state_new(&c->coders)) {
		codec_free(c);
		return -ENOMEM;
	}
	*out = c;
	return 0;
}

void codec_be_patient(struct codec *c, bool patient)
{
	c->chooser = patient ? CHOOSER_NETWORK : CHOOSER_RULES;
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
	mem_free(c->maps);
	mem_free(c);
}

/* ---- encoding --------------------------------------------------------------------------------- */

/* A plane's share of the part: with the other planes' it makes raw_len. */
static uint32_t plane_raw_bytes(const struct body_part *part, unsigned plane)
{
	switch (part->transform) {
	case TRANSFORM_GRID:
		return part->raw_len;
	case TRANSFORM_BIT_PLANES:
		return part->raw_len / 8 + (plane < part->raw_len % 8);
	default:
		return body_plane_len(part);
	}
}

/* The first planes of a part, as many as there is room for; returns their number. */
static unsigned list_part(const struct body_part *part, struct plane_use *out, unsigned room)
{
	bool grid = part->transform == TRANSFORM_GRID;
	bool bits = part->transform == TRANSFORM_BIT_PLANES;
	unsigned n_extra = grid ? 1 : part->transform == TRANSFORM_SPARSE ? 2 : 0, p;

	for (p = 0; p < part->n_planes && p < room; p++)
		out[p] = (struct plane_use){
			.transform = part->transform,
			.plane = (uint8_t)p,
			.coder = part->planes[p].coder,
			.value_bits = (uint8_t)(grid ? 8 * part->elem_bytes
					: bits       ? 1
						     : 8),
			.n_values = body_plane_len(part),
			/* Scales and maps come on top of what stands for the values. */
			.raw_bytes = p < n_extra ? 0 : plane_raw_bytes(part, p),
			.stored_bytes = part->planes[p].stored_len,
		};
	return p;
}

static void list_planes(const struct body *body, struct codec_result *out)
{
	out->n_planes = 0;
	for (unsigned i = 0; i < body->n_parts; i++)
		out->n_planes += list_part(&body->parts[i], &out->planes[out->n_planes],
			CODEC_MAX_PLANES - out->n_planes);
}

/* How long the table is if each span becomes a part with a plane for each byte of its elements. */
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

int codec_encode(struct codec *c, const uint8_t *raw, uint32_t n, const struct span *spans,
	unsigned n_spans, uint8_t *body_bytes, struct codec_result *out)
{
	struct body body = { .n_parts = 0 };
	/* Parts are coded where they are to lie, which they do if the table is as long as usual. */
	uint8_t *data = body_bytes + usual_table_bytes(spans, n_spans), *own = c->coded[0];
	uint32_t stored = 0;
	size_t table;

	for (uint32_t i = 0, at = 0; i < n_spans; at += spans[i++].len_bytes) {
		struct coded_part part;

		c->coded[0] = data + stored;
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

/* ---- decoding --------------------------------------------------------------------------------- */

static int decode_plane(struct codec *c, const struct body_plane *plane, const uint8_t *in,
	uint8_t *out, uint32_t n, struct alcm_diag *diag)
{
	const struct coder *coder = coder_find(plane->coder);

	if (coder->decode(c->coders, in, plane->stored_len, out, n))
		return diag_set(diag, -EIO, 0, "%s data that does not decode", coder->name);
	return 0;
}

/* As many planes as an element has bytes, from the `first` one on, merged into n elements. */
static int decode_planes(struct codec *c, const struct body_part *part, unsigned first,
	uint32_t n, const uint8_t *in, uint8_t *out, struct alcm_diag *diag)
{
	const struct transform *t = transform_find(part->transform);
	const uint8_t *planes[TRANSFORM_MAX_PLANES];

	for (unsigned p = 0; p < part->elem_bytes; p++) {
		const struct body_plane *plane = &part->planes[first + p];
		uint8_t *to = c->planes + (size_t)p * n;
		int err = 0;

		planes[p] = to;
		/* Raw planes are merged from where they lie. */
		if (plane->coder == CODER_RAW && plane->stored_len == n)
			planes[p] = in;
		else
			err = decode_plane(c, plane, in, to, n, diag);
		if (err)
			return err;
		in += plane->stored_len;
	}
	if (t->deltas) {
		planes_merge(planes, out, n, part->elem_bytes, false, false);
		deltas_undo(out, n, part->elem_bytes, part->big_endian);
		return 0;
	}
	planes_merge(planes, out, n, part->elem_bytes, t->rotate, part->big_endian);
	return 0;
}

static int decode_sparse(struct codec *c, const struct body_part *part, const uint8_t *in,
	uint8_t *out, struct alcm_diag *diag)
{
	uint8_t *map = c->maps, *signs = c->maps + codec_map_bytes(c->chunk_bytes);
	uint32_t n = body_plane_len(part), n_values;
	int err = decode_plane(c, &part->planes[0], in, map, (uint32_t)sparse_map_bytes(n), diag);

	if (err)
		return err;
	in += part->planes[0].stored_len;
	n_values = (uint32_t)sparse_count_map(map, n);
	err = decode_plane(c, &part->planes[1], in, signs,
		(uint32_t)sparse_map_bytes(n - n_values), diag);
	if (err)
		return err;
	in += part->planes[1].stored_len;
	err = decode_planes(c, part, 2, n_values, in, c->candidate, diag);
	if (!err)
		sparse_merge(out, n, part->elem_bytes, part->big_endian, map, signs, c->candidate);
	return err;
}

static int decode_bits(struct codec *c, const struct body_part *part, const uint8_t *in,
	uint8_t *out, struct alcm_diag *diag)
{
	uint32_t n = part->raw_len;
	int err = decode_plane(c, &part->planes[0], in, c->planes, (uint32_t)bits_bytes(n), diag);

	if (!err)
		bits_unpack(c->planes, n, out);
	return err;
}

static int decode_bit_planes(struct codec *c, const struct body_part *part, const uint8_t *in,
	uint8_t *out, struct alcm_diag *diag)
{
	uint32_t len = (uint32_t)bits_bytes(part->raw_len);
	const uint8_t *planes[8];

	for (unsigned p = 0; p < 8; p++) {
		uint8_t *to = c->planes + (size_t)p * len;
		int err = decode_plane(c, &part->planes[p], in, to, len, diag);

		if (err)
			return err;
		planes[p] = to;
		in += part->planes[p].stored_len;
	}
	bits_merge(planes, part->raw_len, out);
	return 0;
}

/* One part into out[0, raw_len); `*in` moves behind its planes. */
static int decode_part(struct codec *c, const struct body_part *part, const uint8_t **in,
	uint8_t *out, struct alcm_diag *diag)
{
	const uint8_t *from = *in;
	uint32_t first_len = part->planes[0].stored_len;
	struct bins_scratch scratch;

	for (unsigned p = 0; p < part->n_planes; p++)
		*in += part->planes[p].stored_len;
	switch (transform_find(part->transform)->kind) {
	case TRANSFORM_KIND_PLANES:
		return decode_planes(c, part, 0, body_plane_len(part), from, out, diag);
	case TRANSFORM_KIND_SPARSE:
		return decode_sparse(c, part, from, out, diag);
	case TRANSFORM_KIND_GRID:
		scratch = codec_bins_scratch(c);
		return grid_decode(from, first_len, from + first_len, part->planes[1].stored_len,
			part->elem_bytes, part->big_endian, &scratch, out, part->raw_len, diag);
	case TRANSFORM_KIND_BITS:
		return decode_bits(c, part, from, out, diag);
	case TRANSFORM_KIND_BIT_PLANES:
		return decode_bit_planes(c, part, from, out, diag);
	default:
		return decode_plane(c, &part->planes[0], from, out, part->raw_len, diag);
	}
}

int codec_decode(struct codec *c, const uint8_t *in, uint32_t body_len, uint8_t *raw, uint32_t n,
	struct alcm_diag *diag)
{
	struct body body;
	int err;

	if (n > c->chunk_bytes)
		return diag_set(diag, -EIO, 0, "a record larger than a chunk");
	err = body_get(&body, in, body_len, n, diag);
	if (err)
		return err;
	in += body_table_bytes(&body);
	for (unsigned i = 0; i < body.n_parts && !err; i++) {
		err = decode_part(c, &body.parts[i], &in, raw, diag);
		raw += body.parts[i].raw_len;
	}
	return err;
}

int codec_planes(const uint8_t *in, uint32_t body_len, uint32_t n, struct codec_result *out,
	struct alcm_diag *diag)
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

/* ---- for reports -------------------------------------------------------------------------------- */

void codec_plane_name(uint8_t transform, uint8_t plane, char *buf)
{
	const struct transform *t = transform_find(transform);

	if (!t)
		snprintf(buf, 32, "?");
	else if (t->kind == TRANSFORM_KIND_WHOLE)
		snprintf(buf, 32, "bytes");
	else if (t->kind == TRANSFORM_KIND_BITS)
		snprintf(buf, 32, "bits");
	else if (t->kind == TRANSFORM_KIND_BIT_PLANES)
		snprintf(buf, 32, "bit %u", 7u - plane);
	else if (t->kind == TRANSFORM_KIND_GRID)
		snprintf(buf, 32, "%s", plane ? "codes" : "scales");
	else if (t->kind == TRANSFORM_KIND_SPARSE && plane < 2)
		snprintf(buf, 32, "%s", plane ? "signs of zeros" : "map of zeros");
	else if (t->kind == TRANSFORM_KIND_SPARSE)
		codec_plane_name(TRANSFORM_FLOAT, (uint8_t)(plane - 2), buf);
	else if (t->deltas)
		snprintf(buf, 32, "byte %u of differences", plane);
	else if (t->rotate && plane == 0)
		snprintf(buf, 32, "exponent");
	else if (t->rotate)
		snprintf(buf, 32, "mantissa byte %u", plane);
	else
		snprintf(buf, 32, "byte %u", plane);
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
