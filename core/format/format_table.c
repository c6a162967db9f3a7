/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "format/format.h"
#include "format/gguf.h"
#include "format/hdf5.h"
#include "format/npy.h"
#include "format/safetensors.h"
#include "format/torch_legacy.h"
#include "format/zip_checksums.h"
#include "format/zip_walk.h"

static const struct format formats[] = {
	{
		.name = "npy",
		.magic = { 0x93, 'N', 'U', 'M', 'P', 'Y' },
		.magic_len = 6,
		.one = true,
		.walk = npy_walk,
	},
	{
		.name = "safetensors",
		.begins = safetensors_begins,
		.walk = safetensors_walk,
	},
	{
		.name = "zip",
		.begins = zip_begins,
		.walk = zip_walk,
		.checksums = zip_checksums,
		.release = zip_release,
	},
	{
		.name = "gguf",
		.begins = gguf_begins,
		.walk = gguf_walk,
	},
	{
		.name = "hdf5",
		.edited = true,
		.begins = hdf5_begins,
		.walk = hdf5_walk,
	},
	{
		/* A compressed file of another store, which programs copy as they copy any
		   other. */
		.name = ALCM_FORMAT_BLOB,
		.magic = { 0x89, 'A', 'L', 'C', 'M', '\r', '\n', 0x1a },
		.magic_len = 8,
		.edited = true,
	},
	{
		.name = "torch stream",
		.begins = torch_legacy_begins,
		.walk = torch_legacy_walk,
	},
};

enum { N_FORMATS = sizeof(formats) / sizeof(formats[0]) };

bool format_read(const struct format_reader *file, void *buf, size_t n, uint64_t off)
{
	return off <= file->size && n <= file->size - off &&
		!file->read(file->ctx, buf, n, off);
}

uint64_t format_later(const struct format_reader *file)
{
	return file->size + file->size / 4 + 4096;
}

static bool has_magic(const struct format *f, const uint8_t *prefix, size_t n)
{
	return n && memcmp(prefix, f->magic, n < f->magic_len ? n : f->magic_len) == 0;
}

const struct format *format_of(const uint8_t *prefix, size_t n)
{
	for (unsigned i = 0; i < N_FORMATS; i++) {
		const struct format *f = &formats[i];

		if (f->begins ? f->begins(prefix, n)
					  : n >= f->magic_len && has_magic(f, prefix, n))
			return f;
	}
	return NULL;
}

const char *format_name_of(const uint8_t *prefix, size_t n)
{
	for (unsigned i = 0; i < N_FORMATS; i++) {
		const struct format *f = &formats[i];

		if (!f->edited && (f->begins ? f->begins(prefix, n) : has_magic(f, prefix, n)))
			return f->name;
	}
	return NULL;
}
