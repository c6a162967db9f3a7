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
		.parse = npy_parse,
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
		.name = "torch stream",
		.begins = torch_legacy_begins,
		.walk = torch_legacy_walk,
	},
};

enum { N_FORMATS = sizeof(formats) / sizeof(formats[0]) };

const struct format *format_table(size_t *n)
{
	*n = N_FORMATS;
	return formats;
}

static bool matches(const struct format *f, const uint8_t *prefix, size_t n)
{
	if (f->begins)
		return f->begins(prefix, n);
	return n && memcmp(prefix, f->magic, n < f->magic_len ? n : f->magic_len) == 0;
}

const char *format_name_of(const uint8_t *prefix, size_t n)
{
	for (unsigned i = 0; i < N_FORMATS; i++) {
		if (!formats[i].edited && matches(&formats[i], prefix, n))
			return formats[i].name;
	}
	return NULL;
}

void format_parse(const uint8_t *prefix, size_t n, struct layout *out)
{
	for (unsigned i = 0; i < N_FORMATS; i++) {
		if (!formats[i].parse || !matches(&formats[i], prefix, n))
			continue;
		memset(out, 0, sizeof(*out));
		if (formats[i].parse(prefix, n, out)) {
			out->format = formats[i].name;
			return;
		}
	}
	memset(out, 0, sizeof(*out));
	out->format = "bytes";
	out->dtype = DTYPE_BYTES;
	out->elem_bytes = 1;
}
