/* SPDX-License-Identifier: MIT */
/* All element types: X(id, its row of struct dtype). dtype.h makes the ids from it,
   dtype.c the table. Names are in the order of enum dtype_format. */
#ifndef ALCM_TENSOR_DTYPE_LIST_H
#define ALCM_TENSOR_DTYPE_LIST_H

/* clang-format off */
#define DTYPES(X) \
	/* Unknown: opaque elements of a byte. */ \
	X(BYTES, .name = "bytes", .class = DTYPE_OPAQUE, .width_bytes = 1) \
	X(B8, .name = "bool", .class = DTYPE_BOOL, .width_bytes = 1, \
		.in = { "b?", "BOOL", "bool", "BoolStorage" }) \
	X(U8, .name = "uint8", .class = DTYPE_UINT, .width_bytes = 1, .hdf5 = true, \
		.in = { "u", "U8", "uint8", "ByteStorage" }) \
	X(U16, .name = "uint16", .class = DTYPE_UINT, .width_bytes = 2, .hdf5 = true, \
		.in = { "u", "U16", "uint16" }) \
	X(U32, .name = "uint32", .class = DTYPE_UINT, .width_bytes = 4, .hdf5 = true, \
		.in = { "u", "U32", "uint32" }) \
	X(U64, .name = "uint64", .class = DTYPE_UINT, .width_bytes = 8, .hdf5 = true, \
		.in = { "u", "U64", "uint64" }) \
	X(I8, .name = "int8", .class = DTYPE_INT, .width_bytes = 1, .hdf5 = true, \
		.in = { "i", "I8", "int8", "CharStorage", "I8" }, .ggml = GGML(24)) \
	X(I16, .name = "int16", .class = DTYPE_INT, .width_bytes = 2, .hdf5 = true, \
		.in = { "i", "I16", "int16", "ShortStorage", "I16" }, .ggml = GGML(25)) \
	X(I32, .name = "int32", .class = DTYPE_INT, .width_bytes = 4, .hdf5 = true, \
		.in = { "i", "I32", "int32", "IntStorage", "I32" }, .ggml = GGML(26)) \
	X(I64, .name = "int64", .class = DTYPE_INT, .width_bytes = 8, .hdf5 = true, \
		.in = { "imM", "I64", "int64", "LongStorage", "I64" }, .ggml = GGML(27)) \
	/* Floats of 8 bits. OCP's: without infinities; as IEEE's would be; scales, which \
	   are powers of two without sign or zero. Then two with one NaN in place of −0, \
	   and one more bias. */ \
	X(F8E4M3, .name = "float8_e4m3fn", .class = DTYPE_FLOAT, .width_bytes = 1, \
		.exponent_bits = 4, .mantissa_bits = 3, \
		.in = { NULL, "F8_E4M3", "float8_e4m3fn" }) \
	X(F8E5M2, .name = "float8_e5m2", .class = DTYPE_FLOAT, .width_bytes = 1, \
		.exponent_bits = 5, .mantissa_bits = 2, \
		.in = { NULL, "F8_E5M2", "float8_e5m2" }) \
	X(F8E8M0, .name = "float8_e8m0fnu", .class = DTYPE_FLOAT, .width_bytes = 1, \
		.exponent_bits = 8, .mantissa_bits = 0, \
		.in = { NULL, "F8_E8M0", "float8_e8m0fnu" }) \
	X(F8E4M3FNUZ, .name = "float8_e4m3fnuz", .class = DTYPE_FLOAT, .width_bytes = 1, \
		.exponent_bits = 4, .mantissa_bits = 3, \
		.in = { NULL, "F8_E4M3FNUZ", "float8_e4m3fnuz" }) \
	X(F8E5M2FNUZ, .name = "float8_e5m2fnuz", .class = DTYPE_FLOAT, .width_bytes = 1, \
		.exponent_bits = 5, .mantissa_bits = 2, \
		.in = { NULL, "F8_E5M2FNUZ", "float8_e5m2fnuz" }) \
	X(F16, .name = "float16", .class = DTYPE_FLOAT, .width_bytes = 2, \
		.exponent_bits = 5, .mantissa_bits = 10, .lossy_no = 1, .hdf5 = true, \
		.in = { "f", "F16", "float16", "HalfStorage", "F16" }, .ggml = GGML(1)) \
	X(BF16, .name = "bfloat16", .class = DTYPE_FLOAT, .width_bytes = 2, \
		.exponent_bits = 8, .mantissa_bits = 7, .lossy_no = 2, .hdf5 = true, \
		.in = { "V", "BF16", "bfloat16", "BFloat16Storage", "BF16" }, .ggml = GGML(30)) \
	X(F32, .name = "float32", .class = DTYPE_FLOAT, .width_bytes = 4, \
		.exponent_bits = 8, .mantissa_bits = 23, .lossy_no = 3, .hdf5 = true, \
		.in = { "f", "F32", "float32", "FloatStorage", "F32" }, .ggml = GGML(0), \
		.complex_in = { "c", "C64", "complex64", "ComplexFloatStorage" }) \
	X(F64, .name = "float64", .class = DTYPE_FLOAT, .width_bytes = 8, \
		.exponent_bits = 11, .mantissa_bits = 52, .lossy_no = 4, .hdf5 = true, \
		.in = { "f", "F64", "float64", "DoubleStorage", "F64" }, .ggml = GGML(28), \
		.complex_in = { "c", NULL, "complex128", "ComplexDoubleStorage" }) \
	/* x86's long double in 16 bytes; elsewhere it is IEEE's quad. */ \
	X(F80, .name = "float80", .class = DTYPE_FLOAT, .width_bytes = 16, \
		.exponent_bits = 15, .mantissa_bits = 64, \
		.in = { "f" }, .complex_in = { "c" }) \
	X(F128, .name = "float128", .class = DTYPE_FLOAT, .width_bytes = 16, \
		.exponent_bits = 15, .mantissa_bits = 112)
/* clang-format on */

#endif
