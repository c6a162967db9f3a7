/* SPDX-License-Identifier: MIT */
/*
 * The format of torch.save before PyTorch 1.6, and since then on request: five pickles in
 * a row (a magic number, a version, the machine, the object, the keys of its storages),
 * then each storage with its length in front (torch/serialization.py, _legacy_save).
 */
#ifndef ALCM_FORMAT_TORCH_LEGACY_H
#define ALCM_FORMAT_TORCH_LEGACY_H

#include "format/tensor_map.h"

bool torch_legacy_begins(const uint8_t *prefix, size_t n);
void torch_legacy_walk(struct tensor_map *map, const struct format_reader *file);

#endif
