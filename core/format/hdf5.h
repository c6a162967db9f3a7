/* SPDX-License-Identifier: MIT */
/*
 * HDF5 files as h5py and Keras write them by default: superblock 0 to 3, groups as
 * B-trees of symbols, object headers of version 1; datasets in one piece, or in chunks
 * without a filter. HDF5 File Format Specification 3.0.
 */
#ifndef ALCM_FORMAT_HDF5_H
#define ALCM_FORMAT_HDF5_H

#include "format/tensor_map.h"

bool hdf5_begins(const uint8_t *prefix, size_t n);
void hdf5_walk(struct tensor_map *map, const struct format_reader *file);

#endif
