/* SPDX-License-Identifier: MIT */
/*
 * GGUF, versions 2 and 3, little-endian: counts, metadata, a description of each tensor,
 * and then all tensors (github.com/ggml-org/ggml, docs/gguf.md). Block-quantised types
 * are opaque elements as long as a block.
 */
#ifndef ALCM_FORMAT_GGUF_H
#define ALCM_FORMAT_GGUF_H

#include "format/tensor_map.h"

bool gguf_begins(const uint8_t *prefix, size_t n);
void gguf_walk(struct tensor_map *map, const struct format_reader *file);

#endif
