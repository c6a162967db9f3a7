/* SPDX-License-Identifier: MIT */
/* Element types, and their names in each format. Kernels take widths and bit fields,
   never a dtype, so this table alone knows them. */
#ifndef ALCM_TENSOR_DTYPE_H
#define ALCM_TENSOR_DTYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tensor/dtype_list.h"

enum dtype_class {
	DTYPE_OPAQUE, /* bytes without a known meaning: strings, records, voids */
	DTYPE_BOOL,
	DTYPE_UINT,
	DTYPE_INT,
	DTYPE_FLOAT,
};

/* Never stored on disk. */
#define DTYPE_ID(id, ...) DTYPE_##id,
enum dtype_id { DTYPES(DTYPE_ID) DTYPE_COUNT };
#undef DTYPE_ID

/* Formats that name types. */
enum dtype_format {
	DTYPE_IN_NPY, /* kinds, a letter each; a kind and the element's width give the type */
	DTYPE_IN_SAFETENSORS,
	DTYPE_IN_TORCH,         /* torch.dtype */
	DTYPE_IN_TORCH_STORAGE, /* the class of a storage */
	DTYPE_IN_GGUF,
	DTYPE_FORMATS,
};

struct dtype {
	const char *name; /* "float32" */
	enum dtype_class class;
	uint8_t width_bytes; /* of one real component */
	uint8_t exponent_bits,
		mantissa_bits; /* floats: with the sign (but see E8M0) the value's bits */
	/* of floats that lossy profiles may change: their number on disk; else 0 */
	uint8_t lossy_no;
	bool hdf5;    /* an HDF5 file can describe it by its class and bit fields */
	uint8_t ggml; /* ggml's number, plus 1 */
	/* its names; NULL: the format doesn't have it */
	const char *in[DTYPE_FORMATS];
	/* its names as a complex type of two such numbers */
	const char *complex_in[DTYPE_FORMATS];
};

/* The row of `id`, which must be below DTYPE_COUNT. */
const struct dtype *dtype_get(enum dtype_id id);

/* A type as a format names it. */
struct dtype_named {
	enum dtype_id id;
	const char *name; /* as the format has it */
	uint32_t elem_bytes;
	bool complex;
};

/* The type with this name in a format other than .npy. False: unknown. */
bool dtype_by_name(enum dtype_format format, const char *text, size_t len,
	struct dtype_named *out);

/* The type of a .npy file's elements of this kind and width; DTYPE_BYTES: none. */
enum dtype_id dtype_by_npy_kind(char kind, uint64_t width);

/* The type with this number on disk in lossy sections; DTYPE_BYTES: none. */
enum dtype_id dtype_by_lossy_no(uint8_t no);

#endif
