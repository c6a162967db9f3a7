/* SPDX-License-Identifier: MIT */
/*
 * The rule of thumb. Width: telling twice as many positions apart is worth it if that
 * lowers the entropy of one of them. Kind: floats have sign and exponent in their highest
 * byte, which takes a few neighbouring values that are neither 0 nor 0xff. Integers end
 * in 0 or 0xff, or at least in a byte that varies less than the ones below it.
 *
 * Entropies of little-endian float32 weights may look like this, in bits per byte:
 *
 *   modulo 4:  8.0  8.0  6.9  2.8     position 3 has sign and exponent
 *   modulo 2:  7.9  7.1               its bytes are mixed with those of position 1
 *   gain at position 1:  7.1 − (8.0 + 2.8) / 2 = 1.7  >  0.25, so the width is 4
 *
 * Modulo 8 all of this repeats and nothing more is gained, so it isn't 8. The constants
 * are experience with real files, and no format depends on them.
 */
#include "predict/infer_sample.h"

/* Bits that telling positions apart must gain somewhere. */
static const float gain_of_width = 0.25f;

static const float noise_bits = 7.9f, text_share = 0.95f;

struct elements {
	enum dtype_id dtype;
	bool big_endian;
	unsigned phase;
	float score;
};

/* The most that one position's entropy falls when it is split in two. */
static float gain(const float *wide, const float *narrow, unsigned width)
{
	float most = 0;

	for (unsigned p = 0; p < width / 2; p++) {
		float g = narrow[p] - (wide[p] + wide[p + width / 2]) / 2;

		most = g > most ? g : most;
	}
	return most;
}

/* Wide elements first: their positions gain modulo smaller widths as well. */
static unsigned width_of(const struct infer_entropies *e)
{
	if (gain(e->of8, e->of4, 8) > gain_of_width)
		return 8;
	if (gain(e->of4, e->of2, 4) > gain_of_width)
		return 4;
	return gain(e->of2, &e->of1, 2) > gain_of_width ? 2 : 1;
}

/* The exponents of float types: the highest byte without its sign, within `window` of the
   mode. */
static const struct float_type {
	enum dtype_id dtype;
	uint8_t width, from, to, window; /* of highest bytes */
	float most_bits;                 /* in the highest byte */
} float_types[] = {
	{ DTYPE_F64, 8, 0x30, 0x48, 4, 5.0f },
	{ DTYPE_F32, 4, 0x18, 0x50, 8, 5.0f },
	{ DTYPE_BF16, 2, 0x18, 0x50, 8, 3.9f },
	{ DTYPE_F16, 2, 0x04, 0x7b, 32, 7.0f },
};

/* The share of elements whose highest byte is in the best window. */
static float in_window(const uint32_t counts[256], const struct float_type *t, uint32_t n)
{
	uint32_t most = 0, zeros = counts[0] + counts[0x80];

	for (unsigned from = t->from; from + t->window <= t->to + 1u; from++) {
		uint32_t sum = 0;

		for (unsigned v = from; v < from + t->window; v++)
			sum += counts[v] + counts[v | 0x80];
		most = sum > most ? sum : most;
	}
	/* Zeros fit any type, so they are left out unless there is little else. */
	return zeros > n - n / 16 ? 0 : (float)most / (float)(n - zeros);
}

/* Try each position as the highest byte; only little-endian floats are looked for. The
   element begins behind its highest byte, hence the phase top + 1. */
static void try_float(const struct infer_sample *s, const float *entropies,
	const struct float_type *t, struct elements *best)
{
	for (unsigned top = 0; top < t->width; top++) {
		uint32_t counts[256];
		float share;

		if (entropies[top] > t->most_bits)
			continue;
		infer_sample_merge(s, top, t->width, counts);
		share = in_window(counts, t, s->n / t->width);
		if (share > 0.9f && share > best->score)
			*best = (struct elements){ t->dtype, false, (top + 1) % t->width, share };
	}
}

/*
 * In little-endian the entropy jumps up behind the last byte of an element; in big-endian
 * it falls:
 *
 *   little-endian   7.9 5.1 0.3 0.0 │ 7.9 5.1 0.3 0.0     one rise, three falls
 *   big-endian      0.0 0.3 5.1 7.9 │ 0.0 0.3 5.1 7.9     three rises, one fall
 *
 * Where the jump is, an element begins. Steps below 0.05 bits are noise of the sample.
 */
static void try_integer(const float *entropies, unsigned width, struct elements *best)
{
	static const enum dtype_id dtypes[] = {
		[2] = DTYPE_I16, [4] = DTYPE_I32, [8] = DTYPE_I64
	};
	float up = -1, down = -1;
	unsigned up_at = 0, down_at = 0, falls = 0, rises = 0;

	for (unsigned p = 0; p < width; p++) {
		float step = entropies[p] - entropies[(p + width - 1) % width];

		falls += step < -0.05f;
		rises += step > 0.05f;
		if (step > up) {
			up = step;
			up_at = p;
		}
		if (-step > down) {
			down = -step;
			down_at = p;
		}
	}
	/* One jump and many steps down is little-endian. */
	best->dtype = dtypes[width];
	best->big_endian = rises > falls;
	best->phase = best->big_endian ? down_at : up_at;
	best->score = (best->big_endian ? down : up) / 8;
}

static bool is_text(const uint32_t counts[256], uint32_t n)
{
	uint32_t printable = counts['\t'] + counts['\n'] + counts['\r'];

	for (unsigned v = ' '; v < 0x7f; v++)
		printable += counts[v];
	return (float)printable > text_share * (float)n;
}

static bool is_printable(const struct infer_sample *s)
{
	uint32_t counts[256];

	infer_sample_merge(s, 0, 1, counts);
	return is_text(counts, s->n);
}

/* No width above one stands out: noise, a constant, text, or small integers. */
static void judge_bytes(const struct infer_sample *s, float bits, struct inference *out)
{
	uint32_t counts[256];

	infer_sample_merge(s, 0, 1, counts);
	if (bits > noise_bits) {
		out->kind = INFER_NOISE;
		out->confidence = 1;
	} else if (bits == 0) {
		out->kind = INFER_UNKNOWN;
	} else if (is_text(counts, s->n)) {
		out->kind = INFER_TEXT;
		out->confidence = 0.9f;
	} else {
		out->kind = INFER_BYTES;
		out->dtype = DTYPE_U8;
		out->confidence = 0.5f;
	}
}

void infer_by_rule(const struct infer_sample *s, struct inference *out)
{
	struct infer_entropies e;
	const float *const of[] = { [1] = &e.of1, [2] = e.of2, [4] = e.of4, [8] = e.of8 };
	struct elements best = { .score = 0 };
	unsigned width;

	*out = (struct inference){ .kind = INFER_UNKNOWN, .dtype = DTYPE_BYTES };
	infer_sample_entropies(s, &e);
	/* Text in columns, or a repeated line, has a period as well. */
	width = is_printable(s) ? 1 : width_of(&e);
	if (width == 1) {
		judge_bytes(s, e.of1, out);
		return;
	}
	/* Start with narrow floats: neighbours of different magnitude, as in complex numbers,
	   only look like one wide element. */
	for (unsigned w = 2; w <= width; w *= 2) {
		for (unsigned k = 0; k < sizeof(float_types) / sizeof(float_types[0]); k++) {
			if (float_types[k].width == w && best.score == 0)
				try_float(s, of[w], &float_types[k], &best);
		}
	}
	out->kind = best.score > 0 ? INFER_FLOATS : INFER_INTEGERS;
	if (out->kind == INFER_INTEGERS)
		try_integer(of[width], width, &best);
	out->dtype = best.dtype;
	out->big_endian = best.big_endian;
	out->phase = (uint8_t)best.phase;
	out->confidence = best.score > 1 ? 1 : best.score;
}
