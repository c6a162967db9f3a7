/* SPDX-License-Identifier: MIT */
/*
 * Numbers of any type to doubles and back. Conversions of narrow floats have no branches
 * and no tables: the bits are moved into the fields of a float, and a multiplication by a
 * power of two corrects the exponent, also for subnormals. So the loops vectorise.
 *
 *   float16 1.5   0 01111 1000000000       exponent field 15: 2^(15 − 15) · 1.5
 *   << 13         0 00001111 1000000000…   the same as a float32: 2^(15 − 127) · 1.5
 *   · 2^112       1.5
 *
 * A double holds every float of up to 64 bits and every integer of up to 53 exactly.
 * Wider integers are rounded. That is fine, as only statistics take integers from here;
 * codecs take floats.
 */
#include "tensor/values.h"

#include <math.h>
#include <string.h>

#include "base/le.h"
#include "base/simd.h"

/* ---- to double --------------------------------------------------------------------- */

static double f32_value(uint32_t bits)
{
	float f;

	memcpy(&f, &bits, sizeof(f));
	return f;
}

/* Without branches, so that loops vectorise. In the place of a float's exponent and
   mantissa, the bits have the value times 2^-112, subnormals included. */
static double f16_value(uint16_t h)
{
	uint32_t magnitude = (uint32_t)(h & 0x7fff) << 13;
	double v = f32_value(magnitude) * 0x1p112;

	/* The largest exponent means Inf or NaN; taken as a number it would be at least
	   65536. */
	v = magnitude >= 0x0f800000 ? f32_value(magnitude | 0x7f800000) : v;
	return h & 0x8000 ? -v : v;
}

static double bf16_value(uint16_t h)
{
	uint32_t bits = (uint32_t)h << 16;
	float f;

	memcpy(&f, &bits, sizeof(f));
	return f;
}

static double f64_value(uint64_t bits)
{
	double d;

	memcpy(&d, &bits, sizeof(d));
	return d;
}

/*
 * Floats of 8 bits (OCP 8-bit Floating Point Specification, OCP Microscaling Formats). As
 * in f16_value(), the bits in a float's exponent and mantissa have the value times
 * 2^(bias − 127).
 */
static double f8_value(uint8_t v, unsigned mantissa_bits, double scale)
{
	double a = f32_value((uint32_t)(v & 0x7f) << (23 - mantissa_bits)) * scale;

	return v & 0x80 ? -a : a;
}

static double f8e4m3_value(uint8_t v)
{
	return (v & 0x7f) == 0x7f ? (double)NAN : f8_value(v, 3, 0x1p120);
}

/* The same as the first half of a 16-bit float: five exponent bits, with infinities. */
static double f8e5m2_value(uint8_t v)
{
	return f16_value((uint16_t)(v << 8));
}

/* A scale of the OCP Microscaling Formats: 2^(v − 127), put into a double's exponent. */
static double f8e8m0_value(uint8_t v)
{
	return v == 0xff ? (double)NAN : f64_value((uint64_t)(1023 - 127 + v) << 52);
}

/* The FNUZ types have one more bias than OCP's, so half the scale, and neither −0 nor
   infinities: the code of −0 is their only NaN. */
static double f8e4m3fnuz_value(uint8_t v)
{
	return v == 0x80 ? (double)NAN : f8_value(v, 3, 0x1p119);
}

static double f8e5m2fnuz_value(uint8_t v)
{
	return v == 0x80 ? (double)NAN : f8_value(v, 2, 0x1p111);
}

/*
 * One conversion loop per type, so that the type isn't tested in the loop. The index is
 * as wide as a pointer: with 32 bits it might wrap, and compilers would load values one
 * by one.
 */
#define CONVERT(width, expr)                                    \
	for (size_t i = 0; i < n; i++) {                            \
		uint##width##_t v = le_get##width(p + i * (width / 8)); \
		if (big)                                                \
			v = __builtin_bswap##width(v);                      \
		out[i] = (double)(expr);                                \
	}                                                           \
	return true

#define CONVERT_BYTES(expr)        \
	for (size_t i = 0; i < n; i++) \
		out[i] = expr;             \
	return true

SIMD_CLONES bool values_get(double *restrict out, const uint8_t *restrict p, unsigned n,
	enum dtype_id dtype, bool big)
{
	switch (dtype) {
	case DTYPE_U8:
		CONVERT_BYTES(p[i]);
	case DTYPE_I8:
		CONVERT_BYTES((int8_t)p[i]);
	case DTYPE_F8E4M3:
		CONVERT_BYTES(f8e4m3_value(p[i]));
	case DTYPE_F8E5M2:
		CONVERT_BYTES(f8e5m2_value(p[i]));
	case DTYPE_F8E8M0:
		CONVERT_BYTES(f8e8m0_value(p[i]));
	case DTYPE_F8E4M3FNUZ:
		CONVERT_BYTES(f8e4m3fnuz_value(p[i]));
	case DTYPE_F8E5M2FNUZ:
		CONVERT_BYTES(f8e5m2fnuz_value(p[i]));
	case DTYPE_U16:
		CONVERT(16, v);
	case DTYPE_I16:
		CONVERT(16, (int16_t)v);
	case DTYPE_U32:
		CONVERT(32, v);
	case DTYPE_I32:
		CONVERT(32, (int32_t)v);
	case DTYPE_U64:
		CONVERT(64, v);
	case DTYPE_I64:
		CONVERT(64, (int64_t)v);
	case DTYPE_F16:
		CONVERT(16, f16_value(v));
	case DTYPE_BF16:
		CONVERT(16, bf16_value(v));
	case DTYPE_F32:
		CONVERT(32, f32_value(v));
	case DTYPE_F64:
		CONVERT(64, f64_value(v));
	default:
		return false;
	}
}

/* ---- from double ------------------------------------------------------------------- */

static uint64_t f64_bits(double v)
{
	uint64_t bits;

	memcpy(&bits, &v, sizeof(bits));
	return bits;
}

/*
 * Round to a 16-bit float with this many mantissa bits; the rest of 15 bits is the
 * exponent. This goes from the double directly: by way of a float a value could be
 * rounded twice, first to a tie and then away from where it lay.
 */
static uint16_t narrow(double v, unsigned mantissa_bits)
{
	unsigned exponent_bits = 15 - mantissa_bits, drop = 52 - mantissa_bits;
	int bias = (1 << (exponent_bits - 1)) - 1;
	uint16_t sign = (uint16_t)(f64_bits(v) >> 48 & 0x8000);
	uint16_t infinity = (uint16_t)(((1 << exponent_bits) - 1) << mantissa_bits);
	double a = fabs(v);

	if (isnan(v))
		return sign | infinity | 1;
	/* Subnormals are the multiples of the smallest one; rint() rounds ties to even. */
	if (a < ldexp(1, 1 - bias))
		return sign | (uint16_t)rint(ldexp(a, bias - 1 + (int)mantissa_bits));

	/*
	 * Half of the last kept bit, less one, and the last kept bit itself are added: that
	 * rounds to nearest, ties to even. A carry out of the mantissa rightly continues into
	 * the exponent, and from the largest number on into infinity.
	 */
	uint64_t bits = f64_bits(a);
	uint64_t rounded = bits + (((uint64_t)1 << (drop - 1)) - 1) + (bits >> drop & 1);
	uint64_t h = (rounded >> drop) - ((uint64_t)(1023 - bias) << mantissa_bits);

	return sign | (uint16_t)(h < infinity ? h : infinity);
}

static uint16_t f16_bits(double v)
{
	return narrow(v, 10);
}

static uint16_t bf16_bits(double v)
{
	return narrow(v, 7);
}

static uint32_t f32_bits(double v)
{
	float f = (float)v;
	uint32_t bits;

	memcpy(&bits, &f, sizeof(bits));
	return bits;
}

double values_round(double v, enum dtype_id dtype)
{
	switch (dtype) {
	case DTYPE_F16:
		return f16_value(f16_bits(v));
	case DTYPE_BF16:
		return bf16_value(bf16_bits(v));
	case DTYPE_F32:
		return (float)v;
	default:
		return v;
	}
}

#define PUT(width, expr)                         \
	for (size_t i = 0; i < n; i++) {             \
		uint##width##_t v = expr;                \
		if (big)                                 \
			v = __builtin_bswap##width(v);       \
		le_put##width(out + i * (width / 8), v); \
	}                                            \
	break

SIMD_CLONES void values_put(uint8_t *restrict out, const double *restrict in, unsigned n,
	enum dtype_id dtype, bool big)
{
	switch (dtype) {
	case DTYPE_F16:
		PUT(16, f16_bits(in[i]));
	case DTYPE_BF16:
		PUT(16, bf16_bits(in[i]));
	case DTYPE_F32:
		PUT(32, f32_bits(in[i]));
	case DTYPE_F64:
		PUT(64, f64_bits(in[i]));
	default:
		break;
	}
}
