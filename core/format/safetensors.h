/* SPDX-License-Identifier: MIT */
/*
 * safetensors: eight bytes of length, a JSON object of that length with type, shape and
 * place of each tensor, then the tensors (github.com/huggingface/safetensors, "Format").
 */
#ifndef ALCM_FORMAT_SAFETENSORS_H
#define ALCM_FORMAT_SAFETENSORS_H

#include "format/tensor_map.h"

/* As struct format's. There is no magic: a small length, then "{" and a key or "}". */
bool safetensors_begins(const uint8_t *prefix, size_t n);
void safetensors_walk(struct tensor_map *map, const struct format_reader *file);

#endif
