/* SPDX-License-Identifier: MIT */
/*
 * Element types. Kernels take widths and bit fields, never a dtype: this table is the only
 * place that knows them.
 */
#ifndef ALCM_TENSOR_DTYPE_H
#define ALCM_TENSOR_DTYPE_H

#include <stdbool.h>
#include <stdint.h>

enum dtype_class {
	DTYPE_OPAQUE, /* bytes without a meaning to us: strings, records, voids */
	DTYPE_BOOL,
	DTYPE_UINT,
	DTYPE_INT,
	DTYPE_FLOAT,
};

/* Never stored on disk. */
enum dtype_id {
	DTYPE_BYTES, /* unknown: 1-byte opaque elements */
	DTYPE_B8,
	DTYPE_U8,
	DTYPE_U16,
	DTYPE_U32,
	DTYPE_U64,
	DTYPE_I8,
	DTYPE_I16,
	DTYPE_I32,
	DTYPE_I64,
	DTYPE_F8E4M3,     /* of 8 bits: OCP's, without infinities */
	DTYPE_F8E5M2,     /* OCP's, as IEEE's would be */
	DTYPE_F8E8M0,     /* OCP's scales: powers of two, no sign, no zero */
	DTYPE_F8E4M3FNUZ, /* with one NaN in place of −0, and one more bias */
	DTYPE_F8E5M2FNUZ,
	DTYPE_F16,
	DTYPE_BF16,
	DTYPE_F32,
	DTYPE_F64,
	DTYPE_F80,  /* x86 long double in 16 bytes */
	DTYPE_F128, /* longdouble elsewhere: IEEE quad */
	DTYPE_COUNT,
};

struct dtype {
	const char *name; /* "float32" */
	enum dtype_class class;
	uint8_t width_bytes; /* of one real component */
	uint8_t exponent_bits,
		mantissa_bits; /* floats: with the sign (but see E8M0) the value's bits */
	bool quantisable;      /* a lossy profile may change it */
};

/* The row of `id`, which must be below DTYPE_COUNT. */
const struct dtype *dtype_get(enum dtype_id id);

#endif
