/* SPDX-License-Identifier: MIT */
/*
 * What PyTorch's pickles say of tensors: storages with their type and length, and which
 * part of which storage each tensor is. A pickle is a program; this reads the opcodes as
 * data (Python's pickletools.py), knows of no callable but those that make tensors
 * (torch/_utils.py, torch/serialization.py), and takes everything else for an object
 * without a meaning.
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
	bool opaque;     /* mentioned as two types: its values may be either */
	size_t first, n; /* its tensors */
};

/* All zero: nothing. */
struct torch_pickle {
	struct torch_storage *storages; /* by key */
	size_t n_storages, storages_capacity;
	char *key_texts;
	/* offsets are within their storage; by storage, then offset */
	struct segments tensors;
	/* Texts that the pickle lists, if it is a list: the last one of a legacy stream. In
	   the pickle's bytes. */
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

/*
 * Add the tensors of a storage that lies at `offset` of the file to `out`, and what of it
 * no tensor names as one without a name. -E2BIG, -ENOMEM.
 */
int torch_pickle_place(const struct torch_pickle *pickle,
	const struct torch_storage *storage, uint64_t offset, struct segments *out);

#endif
