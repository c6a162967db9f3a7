/* SPDX-License-Identifier: MIT */
/*
 * Tensors in PyTorch's pickles: storages with type and length, and the part of a storage
 * that each tensor is. A pickle is a program. This reads its opcodes as data (Python's
 * pickletools.py), knows only the callables that make tensors (torch/_utils.py,
 * torch/serialization.py), and takes everything else for an object without meaning.
 */
#ifndef ALCM_FORMAT_TORCH_PICKLE_H
#define ALCM_FORMAT_TORCH_PICKLE_H

#include "format/pickle_machine.h"
#include "format/segments.h"

struct torch_key {
	const char *text;
	size_t len;
};

struct torch_storage {
	const char *key;
	size_t key_len;
	enum dtype_id dtype;
	uint32_t elem_bytes;
	const char *type; /* "float32" */
	uint64_t bytes;
	bool opaque;     /* mentioned with two types, so its values may be either */
	size_t first, n; /* its tensors: number of the first, and count */
};

/* All zero: nothing. */
struct torch_pickle {
	struct torch_storage *storages; /* by key */
	size_t n_storages, storages_capacity;
	char *key_texts;
	/* offsets are within their storage; by storage, then offset */
	struct segments tensors;
	/* The texts in the pickle, if it is a list, as the last one of a legacy stream. They
	   point into the pickle's bytes. */
	struct torch_key *listed;
	size_t n_listed;
};

enum { TORCH_MAX_PICKLE = 64 << 20 };

/* Read the pickle at `bytes`; `*used` is its length. Freed with torch_pickle_release() in
   any case. */
enum pickle_end torch_pickle_read(const uint8_t *bytes, size_t n,
	struct torch_pickle *out, size_t *used);
void torch_pickle_release(struct torch_pickle *pickle);

/* The storage of this name, or NULL. */
const struct torch_storage *torch_pickle_find(const struct torch_pickle *pickle,
	const char *key, size_t len);

/* Add the tensors of the storage at `offset` in the file to `out`, and its other bytes as
   tensors without a name. -E2BIG, -ENOMEM. */
int torch_pickle_place(const struct torch_pickle *pickle,
	const struct torch_storage *storage, uint64_t offset, struct segments *out);

#endif
