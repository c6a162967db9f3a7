/* SPDX-License-Identifier: MIT */
/*
 * How a part is coded. Cheap figures of the data say which candidates could pay; only
 * those are tried, and the smallest is kept. A choice can cost ratio or time, never
 * correctness.
 *
 *   figure                               meaning
 *   order-0 entropy of a plane           near 8 bits: noise, stored raw at no cost
 *   bytes equal to the one before,       more: runs or correlation, which LZ finds and a
 *     against chance (Σp²)                 table of symbol lengths doesn't
 *   anchors seen before                  rows or values repeat at a distance: LZ over
 *                                          whole elements
 *
 * Candidates by type, first the one that usually wins:
 *
 *   floats             byte planes │ zeros as a map │ deltas │ whole elements by LZ
 *   integers, records  byte planes │ deltas │ whole elements by LZ
 *   single bytes       as they are │ bits │ bit planes
 *   values on a grid   codes of the grid, then the above if that saves less than half
 */
#include <string.h>

#include "codec/grid.h"
#include "codec/plan_plane.h"
#include "transform/bits.h"
#include "transform/deltas.h"
#include "transform/planes.h"
#include "transform/sparse.h"

/* Shares of repeated values, above which matches may pay, or whole rows are the same. */
#define MANY_REPEATS 0.02
#define MOST_REPEAT 0.67

/* Matches are likely in every plane. */
#define ALL_PLANES UINT32_MAX

/* Exponents must equal the one before this many times as often as by chance for values to
   count as smooth; or this often, whatever chance is. */
#define SMOOTH_EXCESS 1.5
#define MOST_STAY 0.9

/*
 * Plan the part as one plane. The search may stop when it can't get below `goal` bytes.
 */
static void plan_whole(struct codec *c, const uint8_t *raw, uint32_t n, uint32_t goal,
	enum look look, uint8_t *to, struct coded_part *out)
{
	out->part = (struct body_part){
		.raw_len = n, .transform = TRANSFORM_NONE, .n_planes = 1
	};
	out->bytes = to;
	c->goal = goal;
	plan_plane(c, raw, n, true, look, to, &out->part.planes[0]);
	c->goal = UINT32_MAX;
	out->len = out->part.planes[0].stored_len;
}

/* As plan_whole(), with a search for matches only if figures suggest it. */
static void plan_symbols_of(struct codec *c, const uint8_t *raw, uint32_t n, uint8_t *to,
	struct coded_part *out)
{
	out->part = (struct body_part){
		.raw_len = n, .transform = TRANSFORM_NONE, .n_planes = 1
	};
	out->bytes = to;
	plan_plane(c, raw, n, false, LOOK_SAMPLE, to, &out->part.planes[0]);
	out->len = out->part.planes[0].stored_len;
}

/* Plan the part through a transform, and each plane by itself. `lz`: bit p says that
   matches are likely in plane p. */
static void plan_split(struct codec *c, const uint8_t *raw, const struct span *span,
	uint8_t transform, unsigned width, uint32_t lz, enum look look, uint8_t *to,
	struct coded_part *out)
{
	const struct transform_ops *t = transform_find(transform);
	const struct transform_part shape = { span->len_bytes, width,
		width > 1 && span->big_endian };
	struct transform_planes planes;

	t->split(&shape, raw, c->planes, c->candidate, &planes);
	out->part = (struct body_part){ .raw_len = span->len_bytes,
		.transform = transform,
		.elem_bytes = (uint8_t)width,
		.n_planes = (uint8_t)transform_n_planes(t, width),
		.big_endian = shape.big_endian };
	out->bytes = to;
	out->len = 0;
	for (unsigned p = 0; p < out->part.n_planes; p++) {
		struct body_plane *plane = &out->part.planes[p];

		*plane = (struct body_plane){ CODER_RAW, 0 };
		if (planes.len[p])
			plan_plane(c, planes.at[p], planes.len[p], lz >> p & 1, look, to + out->len,
				plane);
		out->len += plane->stored_len;
	}
}

/* Plan a plane for each byte of the elements, which may lie in rows. */
static void plan_planes(struct codec *c, const uint8_t *raw, const struct span *span,
	uint8_t transform, unsigned width, bool lz, uint8_t *to, struct coded_part *out)
{
	/* A sample shows no repeats at a distance, such as those of text in token ids. */
	enum look look = dtype_get(span->dtype)->class != DTYPE_FLOAT ||
			transform == TRANSFORM_DELTAS
		? LOOK_HARD
		: lz ? LOOK_GOOD
			 : LOOK_SAMPLE;

	coder_set_rows(c->coders, span->row_len, span->row_skip);
	plan_split(c, raw, span, transform, width, lz ? ALL_PLANES : 0, look, to, out);
	coder_set_rows(c->coders, 0, 0);
}

/* Plan zeros as a map, in which runs are likely, and planes of the other values. */
static void plan_sparse(struct codec *c, const uint8_t *raw, const struct span *span,
	unsigned width, bool lz, uint8_t *to, struct coded_part *out)
{
	const uint32_t map = 1, signs = 2;

	plan_split(c, raw, span, TRANSFORM_SPARSE, width,
		map | (lz ? ALL_PLANES & ~signs : 0), LOOK_SAMPLE, to, out);
}

/* Plan quantised values as codes of their grid, in less than `capacity` bytes at `to`. */
static bool plan_grid(struct codec *c, const uint8_t *raw, const struct span *span,
	uint8_t *to, uint32_t capacity, struct coded_part *out)
{
	uint32_t params_len = 0;
	struct bins_scratch scratch = codec_bins_scratch(c);
	size_t len = grid_encode(raw, span, &scratch, to, capacity ? capacity - 1 : 0,
		&params_len);

	if (!len)
		return false;
	*out = (struct coded_part){
		.part = {
			.raw_len = span->len_bytes,
			.transform = TRANSFORM_GRID,
			.elem_bytes = dtype_get(span->dtype)->width_bytes,
			.n_planes = 2,
			.big_endian = span->big_endian,
			.planes = { { CODER_RAW, params_len },
				{ CODER_BINS, (uint32_t)len - params_len } },
		},
		.bytes = to,
		.len = (uint32_t)len,
	};
	return true;
}

/*
 * Whether LZ over whole elements could beat the planes of floats. Either values repeat,
 * and not because there are few different ones, which suits planes. Or their last bits
 * could be coded, although such bits usually are noise; a sample decides.
 */
static bool whole_pays(struct codec *c, const uint8_t *raw, uint32_t n,
	const struct repeats *repeats, const struct coded_part *planes)
{
	size_t capacity = (size_t)FIGURES_SAMPLE * planes->len / n;

	if (n < PLAN_SMALL || repeats->eights > MANY_REPEATS ||
		(repeats->fours > MANY_REPEATS && planes->len > n / 4 * 3))
		return true;
	if (n < PLAN_LARGE ||
		planes->part.planes[planes->part.n_planes - 1].coder == CODER_RAW)
		return false;
	return plan_sample_shrinks(c, raw, n, capacity);
}

/* The width of the elements to split; 0 when splitting gains nothing. */
static unsigned split_width(const struct span *span)
{
	const struct dtype *type = dtype_get(span->dtype);
	unsigned width = type->class == DTYPE_OPAQUE ? span->elem_bytes : type->width_bytes;

	return width >= 2 && width <= TRANSFORM_MAX_PLANES && span->len_bytes % width == 0
		? width
		: 0;
}

/* The buffer that the best part so far doesn't use. */
static uint8_t *other_buffer(struct codec *c, const struct coded_part *best)
{
	return best->bytes == c->coded[0] ? c->coded[1] : c->coded[0];
}

/* On a tie the first stays: the order of trying is the order of preference. */
static void keep_smaller(struct coded_part *best, const struct coded_part *other)
{
	if (other->len < best->len)
		*best = *other;
}

/* Bits of a piece of numbers by the entropies of its planes. */
static double piece_bits(const uint8_t *piece, uint32_t n, unsigned width, bool big)
{
	uint8_t planes[FIGURES_SAMPLE];
	struct figures f;
	double bits = 0;

	planes_split(piece, planes, n, width, false, big);
	for (unsigned p = 0; p < width; p++) {
		figures_measure(planes + (size_t)p * n, n, &f);
		bits += f.entropy * n;
	}
	return bits;
}

/* Whether the numbers rise or wander rather than jump: in samples, differences take at
   most `share` of the bits. */
static bool deltas_pay(const uint8_t *raw, const struct span *span, unsigned width,
	double share)
{
	enum { PIECES = 3, PIECE = FIGURES_SAMPLE / 4 };
	uint32_t n_elems = span->len_bytes / width,
			 n = PIECE / width < n_elems ? PIECE / width : n_elems;
	double bits = 0, bits_of_deltas = 0;

	if ((width != 2 && width != 4 && width != 8) || n < 2)
		return false;
	for (uint32_t k = 0; k < PIECES; k++) {
		const uint8_t *piece = raw +
			(size_t)(n_elems - n) * (k + 1) / (PIECES + 1) * width;
		uint8_t deltas[PIECE];

		deltas_make(piece, deltas, n, width, span->big_endian);
		/* The first delta is a whole value. */
		bits_of_deltas += piece_bits(deltas + width, n - 1, width, false);
		bits += piece_bits(piece + width, n - 1, width, span->big_endian);
	}
	return bits_of_deltas < share * bits;
}

/* Plan elements of one byte: small integers, booleans, or bytes of anything. */
static void plan_single_bytes(struct codec *c, const uint8_t *raw,
	const struct span *span, struct coded_part *out)
{
	const struct dtype *type = dtype_get(span->dtype);
	uint32_t n = span->len_bytes;
	struct coded_part other;

	if (n >= PLAN_SMALL && bits_only(raw, n)) {
		plan_split(c, raw, span, TRANSFORM_BITS, 1, ALL_PLANES, LOOK_ALL, c->coded[0],
			out);
		plan_symbols_of(c, raw, n, c->coded[1], &other);
		keep_smaller(out, &other);
		return;
	}
	coder_set_rows(c->coders, type->class == DTYPE_FLOAT ? span->row_len : 0,
		span->row_skip);
	plan_whole(c, raw, n, UINT32_MAX, LOOK_ALL, c->coded[0], out);
	coder_set_rows(c->coders, 0, 0);
	if (type->class == DTYPE_OPAQUE || type->class == DTYPE_BOOL || n < PLAN_SMALL)
		return;
	/* In pictures the high bits have long runs, and the low ones are noise. */
	plan_split(c, raw, span, TRANSFORM_BIT_PLANES, 1, ALL_PLANES, LOOK_ZSTD, c->coded[1],
		&other);
	keep_smaller(out, &other);
}

/* Whether LZ over whole integers or records could beat their planes: a sample shows it,
   or comes near while there are distant matches, which a sample doesn't show. */
static bool records_pay(struct codec *c, const uint8_t *raw, uint32_t n, unsigned width,
	uint32_t planes_len)
{
	size_t capacity = (size_t)FIGURES_SAMPLE * planes_len / n;
	struct repeats repeats;

	if (n < FIGURES_SAMPLE)
		return true;
	figures_repeats(raw, n, width, &repeats);
	return plan_sample_shrinks(c, raw, n,
		repeats.eights > MANY_REPEATS ? 2 * capacity : capacity);
}

/* Whether exponents tend to stay the same. They are the first plane of the split that was
   just made. */
static bool exponents_stay(const struct codec *c, uint32_t n_elems)
{
	uint32_t n = n_elems < FIGURES_SAMPLE / 4 ? n_elems : FIGURES_SAMPLE / 4;
	struct figures f;

	figures_measure(c->planes + (n_elems - n) / 2, n, &f);
	return f.chance * f.run_excess > MOST_STAY ||
		(f.run_excess > SMOOTH_EXCESS && figures_have_runs(&f, n));
}

/*
 * Try alternatives for floats that were split into planes. With some zeros: a map of
 * them. With steady exponents, neighbours may be alike: deltas, if samples say that they
 * are smaller. With matches behind the exponents: plain bytes, where the sign stays in
 * front.
 */
static void plan_float_otherwise(struct codec *c, const uint8_t *raw,
	const struct span *span, size_t n_zeros, bool lz, struct coded_part *out)
{
	unsigned width = out->part.elem_bytes;
	uint32_t n = span->len_bytes, n_elems = n / width;
	struct coded_part other;

	if (n_zeros > n_elems / 64 && n_zeros < n_elems)
		plan_sparse(c, raw, span, width, lz, other_buffer(c, out), &other);
	else if (exponents_stay(c, n_elems) && deltas_pay(raw, span, width, 0.97))
		plan_planes(c, raw, span, TRANSFORM_DELTAS, width, true, other_buffer(c, out),
			&other);
	else if (out->part.planes[1].coder == CODER_ZSTD)
		plan_planes(c, raw, span, TRANSFORM_BYTES, width, lz, other_buffer(c, out),
			&other);
	else
		return;
	keep_smaller(out, &other);
}

/* If most values repeat, LZ over whole elements is the answer; nothing else is tried. */
static void plan_floats(struct codec *c, const uint8_t *raw, const struct span *span,
	unsigned width, struct coded_part *out)
{
	uint32_t n = span->len_bytes;
	struct coded_part other;
	struct repeats repeats;
	size_t n_zeros;
	bool lz;

	figures_repeats(raw, n, width, &repeats);
	if (n >= PLAN_LARGE && repeats.eights > MOST_REPEAT) {
		plan_whole(c, raw, n, UINT32_MAX, LOOK_GOOD, c->coded[0], out);
		return;
	}
	lz = n < PLAN_SMALL || repeats.eights > MANY_REPEATS;
	n_zeros = sparse_count_zeros(raw, n / width, width, span->big_endian);
	if (n_zeros > n / width / 16 && n_zeros < n / width) {
		plan_sparse(c, raw, span, width, lz, c->coded[0], out);
	} else {
		plan_planes(c, raw, span, TRANSFORM_FLOAT, width, lz, c->coded[0], out);
		plan_float_otherwise(c, raw, span, n_zeros, lz, out);
	}
	if (!whole_pays(c, raw, n, &repeats, out))
		return;
	plan_whole(c, raw, n, out->len, LOOK_HARD, other_buffer(c, out), &other);
	keep_smaller(out, &other);
}

/* Plan a part by its type, whether its values are on a grid or not. */
static void plan_bytes(struct codec *c, const uint8_t *raw, const struct span *span,
	struct coded_part *out)
{
	const struct dtype *type = dtype_get(span->dtype);
	unsigned width = split_width(span);
	uint32_t n = span->len_bytes;
	struct coded_part other;

	if (!width) {
		plan_single_bytes(c, raw, span, out);
		return;
	}
	if (type->class == DTYPE_FLOAT && type->width_bytes <= 8) {
		plan_floats(c, raw, span, width, out);
		return;
	}
	/* LZ works well on integers, records and strings. */
	plan_planes(c, raw, span, TRANSFORM_BYTES, width, true, c->coded[0], out);
	if (type->class != DTYPE_OPAQUE && deltas_pay(raw, span, width, 0.9)) {
		plan_planes(c, raw, span, TRANSFORM_DELTAS, width, true, other_buffer(c, out),
			&other);
		keep_smaller(out, &other);
	}
	if (!records_pay(c, raw, n, width, out->len))
		return;
	plan_whole(c, raw, n, out->len, LOOK_ALL, other_buffer(c, out), &other);
	keep_smaller(out, &other);
}

void plan_part(struct codec *c, const uint8_t *raw, const struct span *span,
	struct coded_part *out)
{
	/* Floats on a grid that need at most half their bits have no better code. */
	if (span->grid && plan_grid(c, raw, span, c->coded[0], span->len_bytes / 2, out))
		return;
	plan_bytes(c, raw, span, out);
	if (span->grid)
		(void)plan_grid(c, raw, span, other_buffer(c, out), out->len, out);
}
