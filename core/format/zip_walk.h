/* SPDX-License-Identifier: MIT */
/*
 * Zip archives with stored members: .npz, PyTorch's .pt and TorchScript, .keras; also
 * several archives in a row, as in PyTorch's distributed checkpoints. They are read from
 * the front, record by record, since the directory is written last: PKWARE's APPNOTE
 * 6.3.9, 4.3.7 to 4.3.16.
 */
#ifndef ALCM_FORMAT_ZIP_WALK_H
#define ALCM_FORMAT_ZIP_WALK_H

#include "format/tensor_map.h"

/* Whether the first member with any bytes is stored: deflated members have nothing left
   to gain. */
bool zip_begins(const uint8_t *prefix, size_t n);
void zip_walk(struct tensor_map *map, const struct format_reader *file);
void zip_release(struct tensor_map *map);

#endif
