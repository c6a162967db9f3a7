/* SPDX-License-Identifier: MIT */
/* The parts of the public interface that need several layers at once. */
#include "alcm.h"

#include <string.h>

#include "format/format.h"

enum alcm_sniff alcm_sniff(const void *prefix, size_t n)
{
	if (n && memcmp(prefix, ALCM_MAGIC, n < ALCM_MAGIC_BYTES ? n : ALCM_MAGIC_BYTES) == 0)
		return ALCM_SNIFF_BLOB;
	return format_name_of(prefix, n) ? ALCM_SNIFF_TENSOR : ALCM_SNIFF_OTHER;
}
