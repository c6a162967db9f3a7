/* SPDX-License-Identifier: MIT */
/*
 * The table of element types, made of DTYPES (dtype_list.h), and searches in it. There
 * are few types, so a search just walks the table.
 *
 * A complex type has no row. It is two numbers of a real type, and that row has its
 * names: "C64" of safetensors gives float32 with elements of 8 bytes. So everything
 * behind the parsers only knows real numbers.
 */
#include "tensor/dtype.h"

#include <string.h>

#define GGML(no) ((no) + 1)
#define DTYPE_ROW(id, ...) [DTYPE_##id] = { __VA_ARGS__ },

static const struct dtype table[DTYPE_COUNT] = { DTYPES(DTYPE_ROW) };

const struct dtype *dtype_get(enum dtype_id id)
{
	return &table[id];
}

static bool equals(const char *name, const char *text, size_t len)
{
	return name && strlen(name) == len && memcmp(name, text, len) == 0;
}

/* A name matches a real type or its complex pair. */
bool dtype_by_name(enum dtype_format format, const char *text, size_t len,
	struct dtype_named *out)
{
	for (unsigned id = 0; id < DTYPE_COUNT; id++) {
		const struct dtype *t = &table[id];
		bool complex = equals(t->complex_in[format], text, len);

		if (!complex && !equals(t->in[format], text, len))
			continue;
		*out = (struct dtype_named){
			.id = (enum dtype_id)id,
			.name = complex ? t->complex_in[format] : t->in[format],
			.elem_bytes = complex ? 2u * t->width_bytes : t->width_bytes,
			.complex = complex,
		};
		return true;
	}
	return false;
}

/* strchr() would find the terminating NUL, hence the test of `kind`. */
static bool has_kind(const char *kinds, char kind)
{
	return kinds && kind && strchr(kinds, kind);
}

/* "f" and 4 give float32, and so do "c" and 8. "f" and 16 is taken as x86's long double,
   which is what NumPy writes there; the quad float has no kind. */
enum dtype_id dtype_by_npy_kind(char kind, uint64_t width)
{
	for (unsigned id = 0; id < DTYPE_COUNT; id++) {
		const struct dtype *t = &table[id];

		if ((has_kind(t->in[DTYPE_IN_NPY], kind) && width == t->width_bytes) ||
			(has_kind(t->complex_in[DTYPE_IN_NPY], kind) && width == 2u * t->width_bytes))
			return (enum dtype_id)id;
	}
	return DTYPE_BYTES;
}

/* 0 is the number of every type that lossy profiles don't take, so it matches none. */
enum dtype_id dtype_by_lossy_no(uint8_t no)
{
	for (unsigned id = 0; no && id < DTYPE_COUNT; id++) {
		if (table[id].lossy_no == no)
			return (enum dtype_id)id;
	}
	return DTYPE_BYTES;
}
