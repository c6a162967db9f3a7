/* SPDX-License-Identifier: MIT */
/*
 * Data is made in two steps. A signal, chosen and parametrised at random, gives numbers.
 * They are then stored as elements of the kind's type. All operations round the same on
 * every machine, so the data, and what is learnt from it, is reproducible.
 *
 *     signal             resembles
 *     by_rows            gradients: rows and columns of their own magnitude
 *     squares            second moments of an optimizer
 *     rectified, pruned  activations, sparse weights
 *     walk, wave, ramp   measurements, time stamps
 *     zipf, ids          token numbers
 *
 * A signal is a function that returns its next number; `reals` and `wholes` list them,
 * and one that is listed twice is drawn twice as often. `scale` and `rate` are drawn for
 * each piece, so no two pieces look alike.
 *
 * To add a signal, write the function and add it to a list. To add a kind, add a row of
 * `kinds` before the last three, whose places verb_guess.c counts from the end; what it
 * is made of is in kinds_make(). Either changes all samples that follow, so the networks
 * must be trained again.
 */
#include "kinds.h"

#include <math.h>
#include <string.h>

#include "base/le.h"
#include "predict/portable_math.h"

enum { MAX_BYTES = 256 << 10, CODEBOOK = 16, MAX_ROW = 512 };

const struct kind kinds[] = {
	{ "float16", INFER_FLOATS, DTYPE_F16, false },
	{ "bfloat16", INFER_FLOATS, DTYPE_BF16, false },
	{ "float32", INFER_FLOATS, DTYPE_F32, false },
	{ "float64", INFER_FLOATS, DTYPE_F64, false },
	{ "float32, big-endian", INFER_FLOATS, DTYPE_F32, true },
	{ "float64, big-endian", INFER_FLOATS, DTYPE_F64, true },
	{ "int16", INFER_INTEGERS, DTYPE_I16, false },
	{ "int32", INFER_INTEGERS, DTYPE_I32, false },
	{ "int64", INFER_INTEGERS, DTYPE_I64, false },
	{ "bytes", INFER_BYTES, DTYPE_U8, false },
	{ "text", INFER_TEXT, DTYPE_BYTES, false },
	{ "noise", INFER_NOISE, DTYPE_BYTES, false },
	{ "other", INFER_UNKNOWN, DTYPE_BYTES, false },
};
const unsigned n_kinds = sizeof(kinds) / sizeof(kinds[0]);

/* ---- chance ------------------------------------------------------------------------ */

static double uniform(struct mt19937 *mt)
{
	return mt19937_bits(mt) / 4294967296.0;
}

static unsigned below(struct mt19937 *mt, unsigned n)
{
	return (unsigned)(uniform(mt) * n);
}

/* From 2^from to 2^to, with an evenly distributed logarithm. */
static double scale(struct mt19937 *mt, double from, double to)
{
	return portable_exp2((float)(from + (to - from) * uniform(mt)));
}

/* The polar method, with a logarithm that rounds the same everywhere. The constant is -2
   ln 2, since the logarithm is binary. */
double kinds_normal(struct mt19937 *mt)
{
	double x, y, r2;

	do {
		x = 2 * uniform(mt) - 1;
		y = 2 * uniform(mt) - 1;
		r2 = x * x + y * y;
	} while (r2 >= 1 || r2 < 1e-30);
	return x * sqrt(-1.3862943611198906 * (double)portable_log2((float)r2) / r2);
}

/* ---- signals of real numbers ------------------------------------------------------- */

struct signal {
	struct mt19937 *mt;
	double scale, rate, state[2];
	double codebook[CODEBOOK], rows[MAX_ROW];
	unsigned row_len, i;
};

static double gaussian(struct signal *s)
{
	return s->scale * kinds_normal(s->mt);
}

/* Like gradients and moments: each row and column has its own magnitude. */
static double by_rows(struct signal *s)
{
	unsigned row = s->i / s->row_len, column = s->i % s->row_len;

	return s->scale * s->rows[row % MAX_ROW] * s->rows[(column * 7 + 3) % MAX_ROW] *
		kinds_normal(s->mt);
}

static double squares(struct signal *s)
{
	double v = by_rows(s);

	return v * v;
}

static double even(struct signal *s)
{
	return s->scale * uniform(s->mt);
}

static double even_both_ways(struct signal *s)
{
	return s->scale * (2 * uniform(s->mt) - 1);
}

static double rectified(struct signal *s)
{
	return fmax(0, s->scale * (kinds_normal(s->mt) - s->rate));
}

static double pruned(struct signal *s)
{
	return uniform(s->mt) < s->rate ? 0 : gaussian(s);
}

static double walk(struct signal *s)
{
	return s->state[0] += s->scale * kinds_normal(s->mt);
}

/* A point that rotates by rate/16 radians per step. */
static double wave(struct signal *s)
{
	double angle = s->rate / 16, x = s->state[0], y = s->state[1];

	if (x == 0 && y == 0)
		x = s->scale;
	s->state[0] = x * (1 - angle * angle / 2) - y * angle;
	s->state[1] = y * (1 - angle * angle / 2) + x * angle;
	return s->state[0];
}

static double decimals(struct signal *s)
{
	return rint((100 * s->rate + walk(s) / s->scale / 10) * 100) / 100;
}

static double ramp(struct signal *s)
{
	return s->i * s->scale;
}

static double from_codebook(struct signal *s)
{
	return s->codebook[below(s->mt, CODEBOOK)];
}

static double heavy_tails(struct signal *s)
{
	return s->scale * (double)portable_exp2((float)(4 * s->rate * kinds_normal(s->mt)));
}

static double around_one(struct signal *s)
{
	return 1 + s->rate / 64 * kinds_normal(s->mt);
}

static double (*const reals[])(struct signal *) = { gaussian, gaussian, gaussian, by_rows,
	by_rows, squares, even, even_both_ways, rectified, pruned, walk, wave, decimals, ramp,
	from_codebook, heavy_tails, around_one };

/* ---- signals of integers ----------------------------------------------------------- */

static double ids(struct signal *s)
{
	return floor(s->scale * uniform(s->mt));
}

/* Like token ids: small ones are frequent. */
static double zipf(struct signal *s)
{
	double u = uniform(s->mt);

	return fmin(floor(1 / (u * u + 1 / s->scale)), s->scale);
}

static double rising(struct signal *s)
{
	return s->state[0] += floor(1 + 8 * s->rate * uniform(s->mt));
}

static double rounded(struct signal *s)
{
	return rint(sqrt(s->scale) * kinds_normal(s->mt));
}

static double counting(struct signal *s)
{
	return s->i;
}

static double offsets(struct signal *s)
{
	return floor(s->scale) * 64 + floor(256 * s->rate * uniform(s->mt));
}

static double wandering(struct signal *s)
{
	return rint(sqrt(s->scale) + walk(s) / s->scale * 16 * s->rate);
}

static double seldom(struct signal *s)
{
	return uniform(s->mt) < s->rate ? 0 : ids(s);
}

static double (*const wholes[])(struct signal *) = { ids, ids, zipf, rising, rounded,
	counting, offsets, wandering, seldom };

static void signal_init(struct signal *s, struct mt19937 *mt, double from, double to)
{
	double spread = 2 * uniform(mt);

	*s = (struct signal){ .mt = mt, .scale = scale(mt, from, to), .rate = uniform(mt) };
	s->row_len = 1 + below(mt, MAX_ROW);
	for (unsigned i = 0; i < CODEBOOK; i++)
		s->codebook[i] = s->scale * kinds_normal(mt);
	for (unsigned i = 0; i < MAX_ROW; i++)
		s->rows[i] = portable_exp2((float)(spread * kinds_normal(mt)));
}

/* ---- how numbers are stored -------------------------------------------------------- */

static uint32_t float_bits(double v)
{
	float f = (float)v;
	uint32_t bits;

	memcpy(&bits, &f, sizeof(bits));
	return bits;
}

/* Rounds to nearest, and halves away from zero; good enough here. */
static uint16_t half_bits(double v)
{
	int exponent;
	double m = frexp(fabs(v), &exponent);
	uint16_t sign = signbit(v) ? 0x8000 : 0;

	if (v == 0 || exponent < -24)
		return sign;
	if (exponent > 16)
		return sign | 0x7bff;
	if (exponent < -13)
		return (uint16_t)(sign + (uint16_t)lround(ldexp(m, exponent + 24)));
	return (uint16_t)(sign + ((uint32_t)(exponent + 13) << 10) +
		(uint32_t)lround(ldexp(m, 11)));
}

static uint64_t stored(const struct kind *kind, double v)
{
	uint64_t bits;

	switch (kind->dtype) {
	case DTYPE_F16:
		return half_bits(v);
	case DTYPE_BF16:
		return (float_bits(v) + 0x8000) >> 16;
	case DTYPE_F32:
		return float_bits(v);
	case DTYPE_F64:
		memcpy(&bits, &v, sizeof(bits));
		return bits;
	default:
		return (uint64_t)(int64_t)v;
	}
}

void kinds_store(const struct kind *kind, double v, uint8_t *out)
{
	unsigned width = dtype_get(kind->dtype)->width_bytes;
	uint64_t bits = stored(kind, v);

	for (unsigned b = 0; b < width; b++)
		out[kind->big_endian ? width - 1 - b : b] = (uint8_t)(bits >> 8 * b);
}

/* Numbers that would fit a shorter type: bf16 weights in float32, counts in float64. */
static double shortened(unsigned how, double v)
{
	uint32_t bits = float_bits(v) & (how == 1 ? 0xffff0000 : 0xffffe000);
	float f;

	memcpy(&f, &bits, sizeof(f));
	return how ? (double)f : v;
}

static void make_floats(struct mt19937 *mt, const struct kind *kind, uint8_t *out,
	uint32_t n)
{
	unsigned width = dtype_get(kind->dtype)->width_bytes;
	double (*next)(struct signal *) = reals[below(mt, sizeof(reals) / sizeof(reals[0]))];
	unsigned how = width > 2 && below(mt, 8) == 0 ? 1 + below(mt, 2) : 0;
	struct signal s;

	signal_init(&s, mt, kind->dtype == DTYPE_F16 ? -12 : -30,
		kind->dtype == DTYPE_F16 ? 4 : 8);
	for (uint32_t at = 0; at < n; at += width, s.i++) {
		uint8_t element[8];

		kinds_store(kind, shortened(how, next(&s)), element);
		memcpy(out + at, element, n - at < width ? n - at : width);
	}
}

static void make_integers(struct mt19937 *mt, const struct kind *kind, uint8_t *out,
	uint32_t n)
{
	unsigned width = dtype_get(kind->dtype)->width_bytes;
	double (*next)(struct signal *) =
		wholes[below(mt, sizeof(wholes) / sizeof(wholes[0]))];
	struct signal s;

	/* Numbers that fit half an element are rarely stored in a whole one. */
	signal_init(&s, mt, width == 1 ? 1 : 6, width == 1 ? 8 : width == 2 ? 15 : 30);
	for (uint32_t at = 0; at < n; at += width, s.i++) {
		uint8_t element[8];

		kinds_store(kind, next(&s), element);
		memcpy(out + at, element, n - at < width ? n - at : width);
	}
}

/* ---- what is no number ------------------------------------------------------------- */

static uint32_t put_word(struct mt19937 *mt, uint8_t *out, uint32_t capacity)
{
	static const char *const words[] = { "the", "of", "value", "self", "return", "0.",
		"weight", "epoch", "\"name\": ", "import", "print(", "layer", "12", "loss", "in",
		"is", "    ", "data", "=", "for", "\n", "\n", "and", "a", "https://", "def",
		"model", "},\n" };
	const char *word = words[below(mt, sizeof(words) / sizeof(words[0]))];
	uint32_t len = 0;

	while (len < capacity && word[len]) {
		out[len] = (uint8_t)word[len];
		len++;
	}
	if (len < capacity)
		out[len++] = ' ';
	return len;
}

static void make_text(struct mt19937 *mt, uint8_t *out, uint32_t n)
{
	static const char alphabet[] =
		"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+/";
	unsigned how = below(mt, 4), letters = 10 + below(mt, 55);

	for (uint32_t at = 0; at < n;) {
		if (how < 2)
			at += put_word(mt, out + at, n - at);
		else /* numbers, hexadecimal, base64 */
			out[at++] = (uint8_t)(below(mt, 12) ? alphabet[below(mt, letters)]
					: how == 2                  ? '\n'
												: ' ');
	}
}

/*
 * Like compressed data: nearly random bits. The better the compressor, the more random.
 */
static void make_noise(struct mt19937 *mt, uint8_t *out, uint32_t n)
{
	unsigned rarely = 32u << below(mt, 4);

	for (uint32_t i = 0; i < n; i++) {
		uint32_t bits = mt19937_bits(mt);

		out[i] = (uint8_t)(bits >> 24);
		if (bits % rarely == 0)
			out[i] &= (uint8_t)(bits >> 16);
	}
}

/* Records of several fields, of odd sizes; or pieces of other kinds in a row. */
static void make_other(struct mt19937 *mt, uint8_t *out, uint32_t n)
{
	unsigned item = 9 + 2 * below(mt, 8), n_pieces = 2 + below(mt, 6);
	bool records = below(mt, 2);

	for (uint32_t at = 0, k = 0; records && at < n; at++, k = (k + 1) % item)
		out[at] = (uint8_t)(k < 4 ? at / item >> 8 * k
				: k & 1           ? mt19937_bits(mt)
				: k & 2           ? kinds_normal(mt) * 3
								  : 0);
	for (uint32_t at = 0, k = 0; !records && at < n; k++) {
		uint32_t len = n / n_pieces + below(mt, 8);

		if (len > n - at)
			len = n - at;
		kinds_make(mt, &kinds[below(mt, n_kinds - 2)], out + at, len);
		at += len;
	}
}

static void make_bytes(struct mt19937 *mt, const struct kind *kind, uint8_t *out,
	uint32_t n)
{
	double level = 128, width = 1 + 40 * uniform(mt);

	if (below(mt, 2)) {
		make_integers(mt, kind, out, n);
		return;
	}
	/* A picture: a random walk limited to 0 … 255. */
	for (uint32_t i = 0; i < n; i++) {
		level += width * kinds_normal(mt);
		level = level < 0 ? 0 : level > 255 ? 255 : level;
		out[i] = (uint8_t)level;
	}
}

void kinds_make(struct mt19937 *mt, const struct kind *kind, uint8_t *out, uint32_t n)
{
	switch (kind->kind) {
	case INFER_FLOATS:
		make_floats(mt, kind, out, n);
		return;
	case INFER_INTEGERS:
		make_integers(mt, kind, out, n);
		return;
	case INFER_BYTES:
		make_bytes(mt, kind, out, n);
		return;
	case INFER_TEXT:
		make_text(mt, out, n);
		return;
	case INFER_NOISE:
		make_noise(mt, out, n);
		return;
	default:
		make_other(mt, out, n);
	}
}
