/* SPDX-License-Identifier: MIT */
/*
 * How a part is coded. Cheap figures of the data say which candidates could pay; only those
 * are tried, and the smallest is kept. A choice can cost ratio or time, never correctness.
 *
 *   figure                                what it says
 *   order-0 entropy of a plane            near 8 bits: noise, stored raw for free
 *   bytes equal to the one before,        more than chance: runs or correlation, which an LZ coder
 *   against chance (Σp²)                  finds and a table of symbol lengths does not
 *   anchors seen before                   rows or values repeat at a distance: LZ over whole elements
 */
#include <string.h>

#include "codec/codec_state.h"
#include "codec/figures.h"
#include "codec/grid.h"
#include "coder/ans.h"
#include "transform/bits.h"
#include "transform/planes.h"
#include "transform/sparse.h"

enum {
	SMALL_PART = 1024, /* headers: everything is tried, it costs nothing */
	SAMPLE = FIGURES_SAMPLE,
	LARGE = 4 * SAMPLE, /* planes from here on are worth a sample */
	EFFORT_LZ_FAST = 5,
	EFFORT_LZ_GOOD = 9,
	EFFORT_STRONG = 16, /* weighs matches against each other; ten times as slow */
	EFFORT_DEFLATE = 6,
};

/* Entropy from which on matches are short, if there are any. */
#define SHORT_MATCHES_BITS 6.5

/* A share of values that were seen before from which on matches may pay. */
#define MANY_REPEATS 0.02

/* Matches decode more slowly than symbols do: they must save so much of a sample. */
#define LZ_MUST_REACH 0.98

/* ---- one plane ------------------------------------------------------------------------------ */

/* A coder and how hard it tries. */
struct candidate {
	uint8_t coder;
	int effort;
};

static const struct candidate symbols = { CODER_ZSTD, CODER_SYMBOLS_ONLY },
			      ans = { CODER_ANS, 0 }, lz_fast = { CODER_ZSTD, EFFORT_LZ_FAST },
			      lz_good = { CODER_ZSTD, EFFORT_LZ_GOOD },
			      deflate = { CODER_DEFLATE, EFFORT_DEFLATE },
			      strong = { CODER_ZSTD, EFFORT_STRONG };

static size_t try_candidate(struct codec *c, const struct candidate *with, const uint8_t *in,
	uint32_t n, size_t room)
{
	return coder_find(with->coder)->encode(c->coders, with->effort, in, n, c->candidate, room);
}

/* Whether the candidate makes less than `*least` bytes of the sample; then that is the least. */
static bool beats(struct codec *c, const struct candidate *with, const uint8_t *sample,
	uint32_t n, size_t room, size_t *least)
{
	size_t len = try_candidate(c, with, sample, n, room);

	if (!len)
		return false;
	*least = len;
	return true;
}

/* Keep what the candidate makes of the whole plane if it beats what is there. */
static void keep_if_smaller(struct codec *c, const struct candidate *with, const uint8_t *in,
	uint32_t n, uint8_t *best, struct body_plane *plane)
{
	size_t len;

	if (plane->stored_len < 2)
		return;
	len = try_candidate(c, with, in, n, plane->stored_len - 1);
	if (!len)
		return;
	memcpy(best, c->candidate, len);
	plane->coder = with->coder;
	plane->stored_len = (uint32_t)len;
}

/* How far to look: matches at any distance are nothing that a sample could show. */
enum look { LOOK_SAMPLE, LOOK_ZSTD, LOOK_GOOD, LOOK_ALL, LOOK_HARD };

/* A coder too slow to be tried on all, if a piece from the plane's middle says that it pays. */
static const struct candidate *slow_that_pays(struct codec *c, const uint8_t *in, uint32_t n,
	bool deflate_too, bool lz_gains)
{
	uint32_t len = n < SAMPLE ? n : SAMPLE;
	const uint8_t *piece = in + (n - len) / 2;
	const struct candidate *best = NULL;
	size_t least = len;

	(void)beats(c, &symbols, piece, len, least, &least);
	(void)beats(c, n < LARGE ? &lz_good : &lz_fast, piece, len, least, &least);
	/* Short matches are what deflate finds better; where there are many it takes ages. */
	if ((deflate_too || n < SAMPLE) &&
		beats(c, &deflate, piece, len, least - least / 64, &least))
		best = &deflate;
	/* Where matches gain little, weighing them gains nothing. */
	if (lz_gains && beats(c, &strong, piece, len, least - least / 10, &least))
		best = &strong;
	return best;
}

/*
 * Matches in planes of floats: pieces decide. What one of them must beat is what the coder of symbols
 * makes of as much of the plane.
 */
static void plan_lz_by_sample(struct codec *c, const uint8_t *in, uint32_t n, uint8_t *out,
	struct body_plane *plane)
{
	size_t room = (size_t)((double)SAMPLE * plane->stored_len / n * LZ_MUST_REACH), len;

	for (unsigned quarter = 1; quarter < 4; quarter++) {
		const uint8_t *piece = in + (uint64_t)(n - SAMPLE) * quarter / 4;

		if (!beats(c, &lz_fast, piece, SAMPLE, room, &len))
			continue;
		keep_if_smaller(c, &lz_good, in, n, out, plane);
		return;
	}
}

static void plan_lz(struct codec *c, const uint8_t *in, uint32_t n, bool noisy, enum look look,
	uint8_t *out, struct body_plane *plane)
{
	const struct candidate *slow = NULL;
	uint32_t without = plane->stored_len;

	if (look == LOOK_SAMPLE && n >= 2 * SAMPLE) {
		plan_lz_by_sample(c, in, n, out, plane);
		return;
	}
	keep_if_smaller(c, n < LARGE ? &lz_good : &lz_fast, in, n, out, plane);
	/* Where there are matches, looking harder finds better ones, at twice the price. */
	if ((look == LOOK_GOOD || look == LOOK_HARD) && n >= LARGE &&
		plane->stored_len < without - without / 4)
		keep_if_smaller(c, &lz_good, in, n, out, plane);
	if (look >= LOOK_ALL)
		slow = slow_that_pays(c, in, n, noisy || look == LOOK_ALL,
			plane->stored_len < without - without / 20);
	if (slow)
		keep_if_smaller(c, slow, in, n, out, plane);
}

/*
 * Its states make `ans` costly for short planes; and zstd has tables for each block of what is as
 * mixed as whole files are.
 */
static void plan_symbols(struct codec *c, const uint8_t *in, uint32_t n, enum look look,
	uint8_t *out, struct body_plane *plane)
{
	if (n >= ANS_MIN_BYTES)
		keep_if_smaller(c, &ans, in, n, out, plane);
	if (n < 4 * ANS_MIN_BYTES || look == LOOK_ALL)
		keep_if_smaller(c, &symbols, in, n, out, plane);
}

/* `lz`: matches are likely. */
static void plan_plane(struct codec *c, const uint8_t *in, uint32_t n, bool lz, enum look look,
	uint8_t *out, struct body_plane *plane)
{
	struct figures f;

	if (n > 1 && in[0] == in[n - 1] && memcmp(in, in + 1, n - 1) == 0) {
		out[0] = in[0];
		*plane = (struct body_plane){ CODER_CONSTANT, 1 };
		return;
	}
	*plane = (struct body_plane){ CODER_RAW, n };
	if (!lz && n >= LARGE && figures_noise_in_sample(in, n)) {
		memcpy(out, in, n);
		return;
	}
	figures_measure(in, n, &f);
	if (f.entropy < FIGURES_NOISE_BITS)
		plan_symbols(c, in, n, look, out, plane);
	if (lz || n < SMALL_PART || figures_have_runs(&f, n))
		plan_lz(c, in, n, f.entropy > SHORT_MATCHES_BITS, look, out, plane);
	if (plane->coder == CODER_RAW)
		memcpy(out, in, n);
}

/* ---- one part ------------------------------------------------------------------------------- */

static void plan_whole(struct codec *c, const uint8_t *raw, uint32_t n, enum look look,
	uint8_t *to, struct coded_part *out)
{
	out->part = (struct body_part){ .raw_len = n, .transform = TRANSFORM_NONE, .n_planes = 1 };
	out->bytes = to;
	plan_plane(c, raw, n, true, look, to, &out->part.planes[0]);
	out->len = out->part.planes[0].stored_len;
}

static void plan_planes(struct codec *c, const uint8_t *raw, const struct span *span,
	uint8_t transform, unsigned width, bool lz, uint8_t *to, struct coded_part *out)
{
	uint32_t n = span->len_bytes;
	uint32_t n_elems = n / width;
	/* What repeats at a distance, as text does in its token ids, no sample shows. */
	enum look look = dtype_get(span->dtype)->class != DTYPE_FLOAT ? LOOK_HARD
		: lz                                                  ? LOOK_GOOD
								      : LOOK_SAMPLE;

	out->part = (struct body_part){ .raw_len = n,
		.transform = transform,
		.elem_bytes = (uint8_t)width,
		.n_planes = (uint8_t)width,
		.big_endian = span->big_endian };
	out->bytes = to;
	out->len = 0;
	planes_split(raw, c->planes, n_elems, width, transform_find(transform)->rotate,
		span->big_endian);
	coder_set_rows(c->coders, span->row_len, span->row_skip);
	for (unsigned p = 0; p < width; p++) {
		plan_plane(c, c->planes + (size_t)p * n_elems, n_elems, lz, look, to + out->len,
			&out->part.planes[p]);
		out->len += out->part.planes[p].stored_len;
	}
	coder_set_rows(c->coders, 0, 0);
}

/* Zeros as a map, and planes of the other values. */
static void plan_sparse(struct codec *c, const uint8_t *raw, uint32_t n_bytes, unsigned width,
	bool big, bool lz, uint8_t *to, struct coded_part *out)
{
	uint32_t n = n_bytes / width, n_values, map_len = (uint32_t)sparse_map_bytes(n);
	uint8_t *map = c->maps, *signs = c->maps + codec_map_bytes(c->chunk_bytes);
	uint32_t lens[2 + TRANSFORM_MAX_PLANES];
	const uint8_t *from[2 + TRANSFORM_MAX_PLANES] = { map, signs };

	sparse_split(raw, n, width, big, map, signs, c->candidate);
	n_values = (uint32_t)sparse_count_map(map, n);
	planes_split(c->candidate, c->planes, n_values, width, true, big);
	lens[0] = map_len;
	lens[1] = (uint32_t)sparse_map_bytes(n - n_values);
	for (unsigned p = 0; p < width; p++) {
		from[2 + p] = c->planes + (size_t)p * n_values;
		lens[2 + p] = n_values;
	}
	out->part = (struct body_part){ .raw_len = n_bytes,
		.transform = TRANSFORM_SPARSE,
		.elem_bytes = (uint8_t)width,
		.n_planes = (uint8_t)(2 + width),
		.big_endian = big };
	out->bytes = to;
	out->len = 0;
	for (unsigned p = 0; p < 2 + width; p++) {
		struct body_plane *plane = &out->part.planes[p];

		*plane = (struct body_plane){ CODER_RAW, 0 };
		if (lens[p])
			plan_plane(c, from[p], lens[p], p == 0 || (p > 1 && lz), LOOK_SAMPLE,
				to + out->len, plane);
		out->len += plane->stored_len;
	}
}

/* Quantised values as their codes, in less than `room` bytes at `to`. */
static bool plan_grid(const uint8_t *raw, const struct span *span, uint8_t *to, uint32_t room,
	struct coded_part *out)
{
	uint32_t params_len = 0;
	uint8_t coder = CODER_DENSITY;
	size_t len = grid_encode(raw, span, to, room ? room - 1 : 0, &params_len, &coder);

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
				{ coder, (uint32_t)len - params_len } },
		},
		.bytes = to,
		.len = (uint32_t)len,
	};
	return true;
}

/*
 * Whether LZ over whole elements could beat the planes that floats were split into: values repeat, and
 * not because there are few of them, which planes profit from; or their last bits, which else are
 * noise, could be coded, and a sample says so.
 */
static bool whole_pays(struct codec *c, const uint8_t *raw, uint32_t n,
	const struct repeats *repeats, const struct coded_part *planes)
{
	size_t room = (size_t)SAMPLE * planes->len / n, len;

	if (n < SMALL_PART || repeats->eights > MANY_REPEATS ||
		(repeats->fours > MANY_REPEATS && planes->len > n / 4 * 3))
		return true;
	if (n < LARGE || planes->part.planes[planes->part.n_planes - 1].coder == CODER_RAW)
		return false;
	return beats(c, &lz_fast, raw + (n - SAMPLE) / 2, SAMPLE, room, &len);
}

/* Bytes that are all 0 or 1, eight in one. */
static void plan_bits(struct codec *c, const uint8_t *raw, uint32_t n, uint8_t *to,
	struct coded_part *out)
{
	bits_pack(raw, n, c->planes);
	out->part = (struct body_part){
		.raw_len = n, .transform = TRANSFORM_BITS, .elem_bytes = 1, .n_planes = 1
	};
	out->bytes = to;
	plan_plane(c, c->planes, (uint32_t)bits_bytes(n), true, LOOK_ALL, to,
		&out->part.planes[0]);
	out->len = out->part.planes[0].stored_len;
}

/* The width of what gets split, 0 when nothing is to be gained by splitting. */
static unsigned split_width(const struct span *span)
{
	const struct dtype *type = dtype_get(span->dtype);
	unsigned width = type->class == DTYPE_OPAQUE ? span->elem_bytes : type->width_bytes;

	return width >= 2 && width <= TRANSFORM_MAX_PLANES && span->len_bytes % width == 0 ? width
											   : 0;
}

/* Where the best part so far isn't. */
static uint8_t *other_buffer(struct codec *c, const struct coded_part *best)
{
	return best->bytes == c->coded[0] ? c->coded[1] : c->coded[0];
}

static void keep_smaller(struct coded_part *best, const struct coded_part *other)
{
	if (other->len < best->len)
		*best = *other;
}

/* Bytes as eight planes of a bit each: the high bits of pictures run on, the low ones are noise. */
static void plan_bit_planes(struct codec *c, const uint8_t *raw, uint32_t n, uint8_t *to,
	struct coded_part *out)
{
	uint32_t len = (uint32_t)bits_bytes(n);

	out->part = (struct body_part){
		.raw_len = n, .transform = TRANSFORM_BIT_PLANES, .elem_bytes = 1, .n_planes = 8
	};
	out->bytes = to;
	out->len = 0;
	bits_split(raw, n, c->planes);
	for (unsigned p = 0; p < 8; p++) {
		plan_plane(c, c->planes + (size_t)p * len, len, true, LOOK_ZSTD, to + out->len,
			&out->part.planes[p]);
		out->len += out->part.planes[p].stored_len;
	}
}

/* Small integers, or bytes of anything. */
static void plan_single_bytes(struct codec *c, const uint8_t *raw, const struct span *span,
	struct coded_part *out)
{
	const struct dtype *type = dtype_get(span->dtype);
	uint32_t n = span->len_bytes;
	struct coded_part other;

	if (n >= SMALL_PART && bits_only(raw, n)) {
		plan_bits(c, raw, n, c->coded[0], out);
		return;
	}
	plan_whole(c, raw, n, LOOK_ALL, c->coded[0], out);
	if ((type->class != DTYPE_INT && type->class != DTYPE_UINT) || n < SMALL_PART)
		return;
	plan_bit_planes(c, raw, n, c->coded[1], &other);
	keep_smaller(out, &other);
}

/* Whether LZ over whole integers or records could beat their planes: distant matches no sample shows. */
static bool records_pay(struct codec *c, const uint8_t *raw, uint32_t n, uint32_t planes_len)
{
	size_t room = (size_t)SAMPLE * planes_len / n, len;

	return n < LARGE || beats(c, &lz_fast, raw + (n - SAMPLE) / 2, SAMPLE, 2 * room, &len);
}

/* What floats that were split into planes could be instead. */
static void plan_float_otherwise(struct codec *c, const uint8_t *raw, const struct span *span,
	size_t n_zeros, bool lz, struct coded_part *out)
{
	unsigned width = out->part.elem_bytes;
	uint32_t n = span->len_bytes;
	struct coded_part other;

	if (n_zeros > n / width / 64 && n_zeros < n / width)
		plan_sparse(c, raw, n, width, span->big_endian, lz, other_buffer(c, out), &other);
	else if (out->part.planes[1].coder == CODER_ZSTD)
		/* Neighbours that are alike: their leading bits are, best with the sign in front. */
		plan_planes(c, raw, span, TRANSFORM_BYTES, width, lz, other_buffer(c, out),
			&other);
	else
		return;
	keep_smaller(out, &other);
}

static void plan_floats(struct codec *c, const uint8_t *raw, const struct span *span,
	unsigned width, struct coded_part *out)
{
	uint32_t n = span->len_bytes;
	struct coded_part other;
	struct repeats repeats;
	size_t n_zeros;
	bool lz;

	figures_repeats(raw, n, width, &repeats);
	lz = n < SMALL_PART || repeats.eights > MANY_REPEATS;
	n_zeros = sparse_count_zeros(raw, n / width, width, span->big_endian);
	if (n_zeros > n / width / 16 && n_zeros < n / width) {
		plan_sparse(c, raw, n, width, span->big_endian, lz, c->coded[0], out);
	} else {
		plan_planes(c, raw, span, TRANSFORM_FLOAT, width, lz, c->coded[0], out);
		plan_float_otherwise(c, raw, span, n_zeros, lz, out);
	}
	if (!whole_pays(c, raw, n, &repeats, out))
		return;
	plan_whole(c, raw, n, LOOK_GOOD, other_buffer(c, out), &other);
	keep_smaller(out, &other);
}

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
	/* Integers, records and strings are where LZ is at home. */
	plan_planes(c, raw, span, TRANSFORM_BYTES, width, true, c->coded[0], out);
	if (!records_pay(c, raw, n, out->len))
		return;
	plan_whole(c, raw, n, LOOK_ALL, other_buffer(c, out), &other);
	keep_smaller(out, &other);
}

void plan_part(struct codec *c, const uint8_t *raw, const struct span *span,
	struct coded_part *out)
{
	/* Floats that are all on a grid and need half their bits have no better code. */
	if (span->grid && plan_grid(raw, span, c->coded[0], span->len_bytes / 2, out))
		return;
	plan_bytes(c, raw, span, out);
	if (span->grid)
		(void)plan_grid(raw, span, other_buffer(c, out), out->len, out);
}
