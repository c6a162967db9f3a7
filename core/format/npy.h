/* SPDX-License-Identifier: MIT */
/*
 * NumPy's .npy, versions 1.0, 2.0 and 3.0 (NEP 1 and numpy/lib/format.py): magic, version,
 * header length, a Python dict literal with 'descr', 'fortran_order' and 'shape', data.
 */
#ifndef ALCM_FORMAT_NPY_H
#define ALCM_FORMAT_NPY_H

#include "format/format.h"

/* As struct format's parse. Object arrays (pickles) are not tensors: false. */
bool npy_parse(const uint8_t *prefix, size_t n, struct layout *out);

#endif
