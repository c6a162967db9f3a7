/* SPDX-License-Identifier: MIT */
/*
 * The table of formats, and finding a file's row by its first bytes. Order matters only
 * where two rows could match; the strict ones come first.
 *
 * A new format is a file with a `walk`, and a row here. A row has a magic, or `begins`
 * where the first bytes aren't constant: safetensors begins with a length, and of zip
 * archives only those with stored members are wanted.
 *
 * Two questions are asked. format_of(): which parser? It needs the whole magic, and waits
 * for it. format_name_of(): should the file be compressed? It is asked at the first
 * write, which may be short, so there a part of a magic is enough.
 */
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
		/* A compressed file of another store. It is copied like any other file. */
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

/* Growing by a quarter keeps the work of repeated looks linear in the file's size: the
   looks are at sizes s, s/1.25, s/1.25², …, together at most 5 s. The constant is for
   files that are still small. */
uint64_t format_later(const struct format_reader *file)
{
	return file->size + file->size / 4 + 4096;
}

/* A prefix shorter than the magic matches if it agrees as far as it goes. */
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

/* Formats that are edited in place are left out: their names are no reason to compress
   them. */
const char *format_name_of(const uint8_t *prefix, size_t n)
{
	for (unsigned i = 0; i < N_FORMATS; i++) {
		const struct format *f = &formats[i];

		if (!f->edited && (f->begins ? f->begins(prefix, n) : has_magic(f, prefix, n)))
			return f->name;
	}
	return NULL;
}
