/* SPDX-License-Identifier: MIT */
/*
 * What torch.save wrote before PyTorch 1.6, and writes still when asked to: five pickles
 * one behind the other (a magic number, a version, about the machine, the object, the
 * keys of its storages), then each storage with its length in front
 * (torch/serialization.py, _legacy_save).
 */
#ifndef ALCM_FORMAT_TORCH_LEGACY_H
#define ALCM_FORMAT_TORCH_LEGACY_H

#include "format/tensor_map.h"

bool torch_legacy_begins(const uint8_t *prefix, size_t n);
void torch_legacy_walk(struct tensor_map *map, const struct format_reader *file);

#endif
