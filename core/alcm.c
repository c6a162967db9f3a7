/* SPDX-License-Identifier: MIT */
/* What the public interface needs of several layers at once. */
#include "alcm.h"

#include <string.h>

#include "format/format.h"

static const char blob_magic[8] = "\x89"
				  "ALCM\r\n\x1a";

enum alcm_sniff alcm_sniff(const void *prefix, size_t n)
{
	if (n && memcmp(prefix, blob_magic, n < sizeof(blob_magic) ? n : sizeof(blob_magic)) == 0)
		return ALCM_SNIFF_BLOB;
	return format_name_of(prefix, n) ? ALCM_SNIFF_TENSOR : ALCM_SNIFF_OTHER;
}
