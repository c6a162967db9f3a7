/* SPDX-License-Identifier: MIT */
#include "tensor/dtype.h"

static const struct dtype table[DTYPE_COUNT] = {
	[DTYPE_BYTES] = { "bytes", DTYPE_OPAQUE, 1, 0, 0, false },
	[DTYPE_B8] = { "bool", DTYPE_BOOL, 1, 0, 0, false },
	[DTYPE_U8] = { "uint8", DTYPE_UINT, 1, 0, 0, false },
	[DTYPE_U16] = { "uint16", DTYPE_UINT, 2, 0, 0, false },
	[DTYPE_U32] = { "uint32", DTYPE_UINT, 4, 0, 0, false },
	[DTYPE_U64] = { "uint64", DTYPE_UINT, 8, 0, 0, false },
	[DTYPE_I8] = { "int8", DTYPE_INT, 1, 0, 0, false },
	[DTYPE_I16] = { "int16", DTYPE_INT, 2, 0, 0, false },
	[DTYPE_I32] = { "int32", DTYPE_INT, 4, 0, 0, false },
	[DTYPE_I64] = { "int64", DTYPE_INT, 8, 0, 0, false },
	[DTYPE_F8E4M3] = { "float8_e4m3fn", DTYPE_FLOAT, 1, 4, 3, false },
	[DTYPE_F8E5M2] = { "float8_e5m2", DTYPE_FLOAT, 1, 5, 2, false },
	[DTYPE_F8E8M0] = { "float8_e8m0fnu", DTYPE_FLOAT, 1, 8, 0, false },
	[DTYPE_F8E4M3FNUZ] = { "float8_e4m3fnuz", DTYPE_FLOAT, 1, 4, 3, false },
	[DTYPE_F8E5M2FNUZ] = { "float8_e5m2fnuz", DTYPE_FLOAT, 1, 5, 2, false },
	[DTYPE_F16] = { "float16", DTYPE_FLOAT, 2, 5, 10, true },
	[DTYPE_BF16] = { "bfloat16", DTYPE_FLOAT, 2, 8, 7, true },
	[DTYPE_F32] = { "float32", DTYPE_FLOAT, 4, 8, 23, true },
	[DTYPE_F64] = { "float64", DTYPE_FLOAT, 8, 11, 52, true },
	[DTYPE_F80] = { "float80", DTYPE_FLOAT, 16, 15, 64, false },
	[DTYPE_F128] = { "float128", DTYPE_FLOAT, 16, 15, 112, false },
};

const struct dtype *dtype_get(enum dtype_id id)
{
	return &table[id];
}
