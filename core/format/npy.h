/* SPDX-License-Identifier: MIT */
/*
 * NumPy's .npy, versions 1.0, 2.0 and 3.0 (NEP 1 and numpy/lib/format.py): magic,
 * version, header length, a Python dict literal with 'descr', 'fortran_order' and
 * 'shape', data.
 */
#ifndef ALCM_FORMAT_NPY_H
#define ALCM_FORMAT_NPY_H

#include "format/tensor_map.h"

/* The contents of a header. */
struct npy {
	char dtype_text[64]; /* as the file spells it, e.g. "<f4" */
	enum dtype_id dtype;
	uint32_t elem_bytes; /* pitch, as in struct span */
	bool big_endian, fortran_order;
	bool opaque; /* as in struct segment */
	unsigned n_dims;
	uint64_t shape[ALCM_MAX_DIMS];
	uint64_t data_offset; /* of the first element, from the magic on */
	uint64_t data_bytes;  /* shape's product × elem_bytes; UINT64_MAX if it overflows */
};

/* Read the header in these n bytes. False: it isn't one, it is incomplete, or the array
   holds objects (pickles), which are no tensor. */
bool npy_parse(const uint8_t *prefix, size_t n, struct npy *out);

/* The array as a segment without name, type and shape, for callers that have the header
   and need no map. */
struct segment npy_segment(const struct npy *npy);

/* Add the array whose header is at `off` in the file, under this name. Errors as
   segments_add(). */
int npy_add(struct segments *list, const struct npy *npy, uint64_t off, const char *name,
	size_t name_len);

/* As struct format's. */
void npy_walk(struct tensor_map *map, const struct format_reader *file);

#endif
