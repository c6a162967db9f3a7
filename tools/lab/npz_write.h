/* SPDX-License-Identifier: MIT */
/*
 * NumPy's .npz in memory: a zip archive with one .npy per array, written as numpy.savez
 * (stored) and numpy.savez_compressed (zlib's level 6) write it. Sources: PKWARE's
 * APPNOTE 6.3.9, NEP 1, numpy/lib/format.py.
 */
#ifndef ALCM_LAB_NPZ_WRITE_H
#define ALCM_LAB_NPZ_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NPZ_MAX_DIMS = 8, NPZ_MAX_NAME = 64 };

/* An array to write. Strings and data are borrowed. */
struct npz_array {
	const char *name;  /* ASCII, without ".npy"; less than NPZ_MAX_NAME characters */
	const char *descr; /* NumPy's, e.g. "<f4", "|b1" */
	unsigned n_dims;   /* NPZ_MAX_DIMS at most */
	uint64_t shape[NPZ_MAX_DIMS];
	const void *data; /* in C order and descr's byte order */
	uint64_t data_bytes;
};

/*
 * Write `n` arrays into an archive with the same bytes as NumPy ≥ 1.23 on Unix. With
 * another zlib, or a name that isn't ASCII, only its size is nearly the same. `*out` is
 * freed with mem_free(). -ENOMEM. -EFBIG: 2 GiB or more, which would need other records.
 */
int npz_write(const struct npz_array *arrays, unsigned n, bool compressed, uint8_t **out,
	size_t *out_len);

#endif
